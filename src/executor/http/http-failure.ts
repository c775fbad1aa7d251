import { HttpError, type HttpTrouble } from "../../ports/http-host.ts";

const troubles: readonly (readonly [RegExp, HttpTrouble])[] = [
  [/^(?:ENOTFOUND|EAI_)/, "dns"],
  [/^(?:ECONNRESET|EPIPE|ERR_STREAM_PREMATURE_CLOSE|ECONNABORTED)/, "reset"],
  [/^(?:ECONNREFUSED|EHOST|ENET|ETIMEDOUT|EADDR|EACCES|ERR_SOCKET_BAD_PORT|EMFILE)/, "connect"],
  [/^(?:HPE_|ERR_HTTP|ERR_INVALID)/, "protocol"],
  [/^(?:ERR_SSL|ERR_TLS|EPROTO|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_)/, "tls"],
];

/** A failure of Node's client in our words; of addresses that were all tried in vain the first one speaks (06 H-44a). */
export function httpFailure(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof AggregateError && error.errors.length > 0) return httpFailure(error.errors[0]);
  const systemCode = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const trouble = troubles.find(([pattern]) => pattern.test(systemCode))?.[1] ?? "protocol";
  const message = error instanceof Error ? error.message : String(error);
  return new HttpError(trouble, message, { cause: error, ...(systemCode === "" ? {} : { systemCode }) });
}
