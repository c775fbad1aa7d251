import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { newSecret } from "../ports/secret.ts";

/** Why a request is refused: it does not come from our own page, or not from somebody who was let in. */
export type Refusal = "foreign" | "unknown";

/**
 * Decides who may see what the inspector shows. A port on loopback can be reached from any web page that the user opens: so a request must
 * name us as its `Host`, which defeats names that were rebound to loopback, must come from our own page where a page can
 * forge it, and must carry a cookie, which is given once, for a token that only whoever started the inspector has seen.
 */
export class Gate {
  readonly #hosts: ReadonlySet<string>;
  readonly #cookieName: string;
  readonly #cookie = newSecret();
  /** `null`: it was used. */
  #token: string | null = null;

  /** @param port that of the page; cookies do not know ports, so it is part of the name of ours */
  constructor(port: number) {
    this.#hosts = new Set([`127.0.0.1:${port}`, `[::1]:${port}`, `localhost:${port}`]);
    this.#cookieName = `proctor-inspector-${port}`;
  }

  /** Makes a token that lets somebody in once; an earlier one that was not used is void. */
  newToken(): string {
    this.#token = newSecret();
    return this.#token;
  }

  /** Gives the `set-cookie` header for a token, and makes the token void; `null` for any other text. */
  exchange(token: string): string | null {
    if (this.#token === null || !isSame(token, this.#token)) return null;
    this.#token = null;
    return `${this.#cookieName}=${this.#cookie}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Does the request name us, and does it come from our own page, if it is one that changes something or opens a websocket? */
  refuseForeign({ headers, rawHeaders, method }: IncomingMessage): Refusal | null {
    const { host = "", origin, upgrade } = headers;
    const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
    if (hosts.length !== 1 || !this.#hosts.has(host)) return "foreign";
    const mayLack = (method === "GET" || method === "HEAD") && upgrade === undefined;
    if (origin === undefined) return mayLack ? null : "foreign";
    return origin === `http://${host}` ? null : "foreign";
  }

  /** Was whoever sent it let in? */
  refuseUnknown({ headers: { cookie = "" } }: IncomingMessage): Refusal | null {
    const prefix = `${this.#cookieName}=`;
    const cookies = cookie.split(";").map((each) => each.trim());
    const isKnown = cookies.some((each) => each.startsWith(prefix) && isSame(each.slice(prefix.length), this.#cookie));
    return isKnown ? null : "unknown";
  }
}

/** In a time that does not depend on the texts. */
function isSame(given: string, secret: string): boolean {
  const [a, b] = [given, secret].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
