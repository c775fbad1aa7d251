import { isIPv4, isIPv6 } from "node:net";
import { ProctorError } from "../protocol/errors.ts";

/** Where an executor listens. */
export type ListenTarget =
  | { readonly kind: "stdio" }
  | {
      readonly kind: "websocket";
      /** A literal address, without brackets. */
      readonly host: string;
      /** 0: any free port. */
      readonly port: number;
    };

/** A `--listen` value that is none of the accepted forms; the message is the one of the wire (01 W-4). */
export class ListenUrlError extends ProctorError {
  constructor(message: string) {
    super("listenUrl", message);
  }
}

const scheme = "ws://";
const addressAndPort = /^(?:\[(?<v6>[^\]%]+)(?:%(?<scope>\d+))?\]|(?<v4>[\d.]+)):(?<port>\d+)$/;
const MAX_PORT = 65_535;
const MAX_SCOPE = 2 ** 32 - 1;

/**
 * Reads the value of `--listen` (01 W-1): `stdio`, `stdio://` or `ws://IP:PORT` with a literal address. Host names,
 * paths and other schemes are refused with a {@link ListenUrlError}. A numeric IPv6 scope is accepted and forgotten, as
 * the reference does.
 */
export function parseListenUrl(value: string): ListenTarget {
  if (value === "stdio" || value === "stdio://") return { kind: "stdio" };
  if (!value.startsWith(scheme)) {
    throw new ListenUrlError(`unsupported --listen URL \`${value}\`; expected \`ws://IP:PORT\` or \`stdio\``);
  }
  const { v4 = "", v6 = "", scope = "0", port = "" } = addressAndPort.exec(value.slice(scheme.length))?.groups ?? {};
  const isAddress = isIPv4(v4) || isIPv6(v6);
  if (!isAddress || Number(scope) > MAX_SCOPE || Number(port) > MAX_PORT) {
    throw new ListenUrlError(`invalid websocket --listen URL \`${value}\`; expected \`ws://IP:PORT\``);
  }
  return { kind: "websocket", host: v4 || v6, port: Number(port) };
}
