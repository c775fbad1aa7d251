import { z } from "zod";

/** `environment/info` takes nothing: absent, `null` and `{}` (01 W-32). */
export const environmentInfoParams = z
  .union([z.undefined(), z.null(), z.strictObject({})])
  .transform((): Record<string, never> => ({}));

/** Result of `environment/info` (01 W-52). */
export const environmentInfoResult = z.object({
  /** The login shell of the executor's user. */
  shell: z.object({ name: z.string(), path: z.string() }),
});

/** What an executor says of its host. */
export type EnvironmentInfo = z.output<typeof environmentInfoResult>;
