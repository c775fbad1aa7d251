import { httpOrigin, type Origin, rawOrigin } from "../../http-origin.ts";

/** The origins of the recordings, by the ports that they had; a port that is not here is closed. */
export async function recordedOrigins(): Promise<{ readonly byPort: ReadonlyMap<string, Origin> } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const [first, second] = [stack.use(await httpOrigin()), stack.use(await httpOrigin())];
  const byPort = new Map<string, Origin>();
  for (const port of ["39149", "41935", "40899", "37743", "44791"]) byPort.set(port, first);
  byPort.set("45067", second);
  for (const [port, answer] of Object.entries(rawAnswers)) byPort.set(port, stack.use(await rawOrigin(answer)));
  return { byPort, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const repeated = (count: number) => Array.from({ length: count }, (_, n) => `x-${n}: ${n}\r\n`).join("");

/** What those answer that speak bad HTTP, or HTTP as Node's server would not. */
const rawAnswers: Readonly<Record<string, string | Buffer | null>> = {
  "42111": Buffer.from(
    "HTTP/1.1 200 OK\r\nX-Mixed-CASE: One\r\nSet-Cookie: a=1; Path=/\r\nX-Rep: 1\r\nSet-Cookie: b=2\r\nX-Rep: 2, 3\r\n" +
      "X-Empty:\r\nX-Utf8: caf\xc3\xa9\r\nX-Latin: caf\xe9\r\nX-Tab: a\tb\r\nX-Sp:   padded  \r\nContent-Length: 2\r\n\r\nok",
    "latin1",
  ),
  "37467": "HTTP/1.0 200 OK\r\n\r\nuntil close",
  "36035": "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
  "39193": "HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\ncontent-length: 0\r\n\r\n",
  "39337": "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
  "34463": "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npartial",
  "37757": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
  "37407": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n",
  "38047": "SSH-2.0-x\r\n",
  "34993": "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n",
  "37279": `HTTP/1.1 200 OK\r\n${repeated(50)}content-length: 2\r\n\r\nok`,
  "38169": null,
};
