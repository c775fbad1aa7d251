import { ProctorError } from "../protocol/errors.ts";
import { LinkFailedError } from "./link-errors.ts";

/** An attempt to connect to an environment failed; everybody who waited for it gets this very object (07 E-20, E-21). */
export class EnvironmentStartError extends ProctorError {
  readonly environmentId: string;

  constructor(environmentId: string, cause: unknown) {
    super("environmentStart", `environment \`${environmentId}\`: connection attempt failed: ${reasonOf(cause)}`, {
      cause,
    });
    this.environmentId = environmentId;
  }
}

/** An environment cannot be used as it is now: disabled, closed, its program gone, or not there for a passive caller. Nothing was sent. */
export class EnvironmentUnavailableError extends ProctorError {
  readonly environmentId: string;

  constructor(environmentId: string, message: string) {
    super("environmentUnavailable", message);
    this.environmentId = environmentId;
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof LinkFailedError) return cause.reason;
  return cause instanceof Error ? cause.message : String(cause);
}
