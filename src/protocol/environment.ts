import { z } from "zod";

/** `environment/info` takes nothing: absent, `null` and `{}` (01 W-32). */
export const environmentInfoParams = z
  .union([z.undefined(), z.null(), z.strictObject({})])
  .transform((): Record<string, never> => ({}));

/** Result of `environment/info` (01 W-52). Later releases tell more, which is kept as it comes (07 E-38). */
export const environmentInfoResult = z.looseObject({
  /** The login shell of the executor's user. */
  shell: z.object({ name: z.string(), path: z.string() }),
  /** The URI of the directory in which the executor was started; `null` where it cannot be written as one. */
  cwd: z.string().nullish(),
});

/** What an executor says of its host. */
export type EnvironmentInfo = z.output<typeof environmentInfoResult>;
