import { ProctorError, type ProctorErrorOptions } from "../protocol/errors.ts";

/** No connection came about. Nothing was sent to the other end, so nothing was applied. */
export class ConnectError extends ProctorError {
  /** The HTTP status with which the upgrade was refused, or `null`. */
  readonly httpStatus: number | null;
  /** Another attempt may fare better. Not where a fixed URL was refused for what it is (07 section 8). */
  readonly isRetryable: boolean;

  constructor(
    message: string,
    options: ProctorErrorOptions & { readonly httpStatus?: number; readonly isRetryable?: boolean } = {},
  ) {
    super("connect", message, options);
    this.httpStatus = options.httpStatus ?? null;
    this.isRetryable = options.isRetryable ?? true;
  }
}
