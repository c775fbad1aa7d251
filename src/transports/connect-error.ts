import { ProctorError, type ProctorErrorOptions } from "../protocol/errors.ts";

/** No connection came about. Nothing was sent to the other end, so nothing was applied. */
export class ConnectError extends ProctorError {
  /** The HTTP status with which the upgrade was refused, or `null`. */
  readonly httpStatus: number | null;

  constructor(message: string, options: ProctorErrorOptions & { readonly httpStatus?: number } = {}) {
    super("connect", message, options);
    this.httpStatus = options.httpStatus ?? null;
  }
}
