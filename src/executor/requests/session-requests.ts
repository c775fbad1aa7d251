import type { RequestHandlers } from "../../actors/request-handlers.ts";

/** The `session/*` methods, extensions of ours (03 section 11). */
export function sessionRequests() {
  return {
    "session/list": (_params, { processes }) => ({
      processes: [...processes.values()].map((process) => process.listing),
    }),
    "session/end": (_params, { session }) => {
      session.endNow();
      return {};
    },
  } satisfies RequestHandlers;
}
