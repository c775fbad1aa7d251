import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Executor } from "../../../src/executor/executor.ts";
import { nodeHttpHost } from "../../../src/executor/http/node-http-host.ts";
import { nodeHost } from "../../../src/executor/node-host.ts";
import { memoryTransportPair } from "../../../src/transports/memory-transport.ts";
import type { JsonObject } from "../../conformance/peer/message.ts";
import { RpcClient } from "../../conformance/peer/rpc-client.ts";
import { type ServerKind, startServer } from "../../conformance/peer/server.ts";
import { httpOrigin, type Origin } from "../../http-origin.ts";
import { httpProxy, type TestProxy } from "../../http-proxy.ts";
import { RawConnection } from "../../raw-connection.ts";
import { verifies } from "../../rules/verifies.ts";
import { authorityPath, type SecureOrigin, secureOrigin } from "../../secure-origin.ts";

interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly error?: { readonly code: number; readonly message: string };
}

type Variables = Readonly<Record<string, string>>;
type Params = Readonly<Record<string, unknown>>;

/** An executor that was started with certain variables. */
interface Asked extends AsyncDisposable {
  request(params: Params): Promise<{
    readonly result?: { readonly status: number; readonly bodyBase64: string };
    readonly error?: { readonly code: number; readonly message: string };
  }>;
}

async function ownExecutor(env: Variables): Promise<Asked> {
  const executor = new Executor({ ...nodeHost(), http: nodeHttpHost(() => env) });
  const [client, accepted] = memoryTransportPair();
  void executor.accept(accepted);
  const peer = new RawConnection(client);
  await peer.handshake();
  return {
    request: async (params) => {
      const answer = await peer.answer("http/request", params);
      if (!("error" in answer)) return { result: answer.result as { status: number; bodyBase64: string } };
      return { error: { code: answer.error.rpcCode, message: answer.error.message } };
    },
    [Symbol.asyncDispose]: () => executor.close(),
  };
}

async function referenceExecutor(env: Variables): Promise<Asked> {
  const server = await startServer("reference", { env });
  const client = await RpcClient.open(server.url);
  return {
    request: async (params) => (await client.answer(client.send("http/request", params as JsonObject))).body,
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** How the variables of an executor's process change its way to an origin; on either executor. */
export function networkSuite(kind: ServerKind): void {
  describe(`an executor with such variables: ${kind}`, () => {
    let plain: Origin;
    let secure: SecureOrigin;
    let old: SecureOrigin;
    let proxy: TestProxy;
    let other: TestProxy;
    let refusing: TestProxy;
    let folder: string;

    beforeAll(async () => {
      plain = await httpOrigin({ "/x": (_query, _request, response) => response.end("direct") });
      secure = await secureOrigin("h2");
      old = await secureOrigin("http/1.1");
      proxy = await httpProxy("proxy");
      other = await httpProxy("other proxy");
      refusing = await httpProxy("refusing proxy", { refuses: 403 });
      folder = await mkdtemp(join(await realpath(tmpdir()), "proctor-trust-"));
      await writeFile(join(folder, "empty.pem"), "no certificate\n");
    });

    afterAll(async () => {
      for (const each of [plain, secure, old, proxy, other, refusing]) await each[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    });

    /** Asks such an executor for pages, one after the other. */
    async function ask(env: Variables, requests: readonly (string | Params)[]): Promise<Answer[]> {
      await using executor = await (kind === "proctor" ? ownExecutor(env) : referenceExecutor(env));
      const answers: Answer[] = [];
      for (const request of requests) {
        const params = typeof request === "string" ? { url: request } : request;
        const { result, error } = await executor.request({ requestId: "r", method: "GET", ...params });
        answers.push({
          ...(error === undefined ? {} : { error }),
          ...(result === undefined
            ? {}
            : { status: result.status, body: Buffer.from(result.bodyBase64, "base64").toString() }),
        });
      }
      return answers;
    }

    const echoOf = ({ body = "{}" }: Answer = {}) =>
      JSON.parse(body) as { httpVersion: string; method: string; url: string; body: string; rawHeaders: string[] };

    it("speaks HTTP/2 over TLS with an origin that offers it, and HTTP/1.1 with one that does not (06 H-13)", async () => {
      verifies("06 H-13");
      const headers = [
        { name: "X-A", value: "1" },
        { name: "connection", value: "close" },
        { name: "x-a", value: "é" },
      ];
      const post = { method: "POST", headers, bodyBase64: btoa("body") };
      const answers = await ask({ CODEX_CA_CERTIFICATE: authorityPath }, [
        { ...post, url: `${secure.url}/p?q` },
        { ...post, url: `${old.url}/p?q` },
        `${secure.url}/again`,
        `${old.url}/again`,
      ]);
      const [two, one, ...again] = answers.map(echoOf);
      expect([two, one]).toMatchObject([
        { httpVersion: "2.0", method: "POST", url: "/p?q", body: "body" },
        { httpVersion: "1.1", method: "POST", url: "/p?q", body: "body" },
      ]);
      const pairs = Array.from({ length: (two?.rawHeaders.length ?? 0) / 2 }, (_, n) =>
        two?.rawHeaders.slice(2 * n, 2 * n + 2),
      ).filter(([name] = []) => name?.startsWith(":") === false);
      expect(pairs).toEqual([
        ["x-a", "1"],
        ["x-a", Buffer.from("é").toString("latin1")],
        ["accept", "*/*"],
        ["content-length", "4"],
      ]);
      expect(again).toMatchObject([{ httpVersion: "2.0" }, { httpVersion: "1.1" }]);
    });

    it.each<readonly [string, (p: string, o: string) => Record<string, string>, string]>([
      ["HTTP_PROXY", (p) => ({ HTTP_PROXY: p }), "proxy"],
      ["http_proxy", (p) => ({ http_proxy: p }), "proxy"],
      ["both, the upper case first", (p, o) => ({ HTTP_PROXY: o, http_proxy: p }), "other proxy"],
      ["ALL_PROXY", (p) => ({ ALL_PROXY: p }), "proxy"],
      ["the one for http before that for all", (p, o) => ({ HTTP_PROXY: o, ALL_PROXY: p }), "other proxy"],
      ["an address without a scheme", (p) => ({ HTTP_PROXY: p.slice("http://".length) }), "proxy"],
      ["an empty one", () => ({ HTTP_PROXY: "" }), "direct"],
      ["a proxy for https only", (p) => ({ HTTPS_PROXY: p }), "direct"],
      ["the variables of a CGI program", (p, o) => ({ HTTP_PROXY: p, ALL_PROXY: o, REQUEST_METHOD: "GET" }), "direct"],
      ["an exempt address", (p) => ({ HTTP_PROXY: p, NO_PROXY: "10.0.0.1, 127.0.0.1" }), "direct"],
      ["an exempt block", (p) => ({ HTTP_PROXY: p, NO_PROXY: "127.0.0.0/8" }), "direct"],
      ["other exempt addresses", (p) => ({ HTTP_PROXY: p, NO_PROXY: "127.0.0.2,10.0.0.0/8,example.org" }), "proxy"],
    ])("goes through the proxy that is named, with %s (06 H-49)", async (_which, env, body) => {
      verifies("06 H-49");
      const [answer] = await ask(env(`http://${proxy.host}`, `http://${other.host}`), [`${plain.url}/x`]);
      expect(answer).toEqual({ status: 200, body });
    });

    it("does not ask the proxy for exempt domains and those below them (06 H-49)", async () => {
      verifies("06 H-49");
      const url = plain.url.replace("127.0.0.1", "localhost");
      for (const [exempt, body] of [
        ["localhost", "direct"],
        [".localhost", "direct"],
        ["*", "direct"],
        ["host", "proxy"],
      ]) {
        const env = { HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: exempt ?? "" };
        expect(await ask(env, [`${url}/x`]), exempt).toEqual([{ status: 200, body }]);
      }
    });

    it("shows a proxy the whole URL, and its own credentials (06 H-49)", async () => {
      verifies("06 H-49");
      proxy.seen.length = 0;
      await ask({ HTTP_PROXY: `http://user:p%40ss@${proxy.host}` }, [`${plain.url}/x?q=1`]);
      expect(proxy.seen).toEqual([`GET ${plain.url}/x?q=1 Basic ${btoa("user:p@ss")}`]);
    });

    it("digs a tunnel for https, and speaks TLS with the origin itself (06 H-49)", async () => {
      verifies("06 H-49");
      proxy.seen.length = 0;
      const env = { HTTPS_PROXY: `http://user:pw@${proxy.host}`, CODEX_CA_CERTIFICATE: authorityPath };
      const answers = await ask(env, [`${secure.url}/t`, `${old.url}/t`]);
      expect(answers.map(echoOf)).toMatchObject([{ httpVersion: "2.0" }, { httpVersion: "1.1" }]);
      const tunnels = [secure, old].map(
        ({ url }) => `CONNECT ${url.slice("https://".length)} Basic ${btoa("user:pw")}`,
      );
      expect(proxy.seen).toEqual(tunnels);
    });

    it("fails when the proxy does not let it through, or is not there (06 H-49)", async () => {
      verifies("06 H-49");
      const failed = { error: { code: -32603, message: expect.stringMatching(/^http\/request failed: /) } };
      expect(await ask({ ALL_PROXY: `http://${refusing.host}` }, [`${secure.url}/t`])).toMatchObject([failed]);
      expect(await ask({ ALL_PROXY: "http://127.0.0.1:9" }, [plain.url, secure.url])).toMatchObject([failed, failed]);
    });

    it("trusts the certificates of a bundle besides, and nobody unknown without it (06 H-50)", async () => {
      verifies("06 H-50");
      const [unknown] = await ask({}, [secure.url]);
      expect(unknown).toMatchObject({
        error: { code: -32603, message: expect.stringMatching(/^http\/request failed: /) },
      });
      expect(unknown?.error?.message).not.toContain("?");
      for (const env of [
        { SSL_CERT_FILE: authorityPath },
        { CODEX_CA_CERTIFICATE: "", SSL_CERT_FILE: authorityPath },
        { CODEX_CA_CERTIFICATE: authorityPath, SSL_CERT_FILE: "/nowhere.pem" },
      ]) {
        expect(await ask(env, [secure.url])).toMatchObject([{ status: 200 }]);
      }
    });

    it.each([
      ["is not there", "CODEX_CA_CERTIFICATE", "missing.pem"],
      ["holds no certificate", "SSL_CERT_FILE", "empty.pem"],
    ])("makes no request at all when its bundle %s, and names the file (06 H-50)", async (_how, variable, file) => {
      verifies("06 H-50", "06 H-42");
      const path = join(folder, file);
      const streamed = { url: plain.url, streamResponse: true };
      const answers = await ask({ [variable]: path }, [
        plain.url,
        { url: "no url", method: "G T" },
        streamed,
        streamed,
      ]);
      for (const { error } of kind === "proctor" ? answers : answers.slice(0, 3)) {
        expect(error).toMatchObject({
          code: -32603,
          message: expect.stringMatching(/^HTTP request failed: Failed to /),
        });
        expect(error?.message).toContain(`${path} selected by ${variable}: `);
      }
    });
  });
}
