import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type ConnectOptions, connect, type Link } from "../../../src/index.ts";
import { type RunningServer, type ServerKind, startServer } from "../../conformance/peer/server.ts";
import { FaultProxy } from "../../fault-proxy.ts";

/** An executor behind a proxy, for the tests of one suite; the proxy and a folder are new for each test. */
export interface BadNetwork {
  readonly server: RunningServer;
  readonly proxy: FaultProxy;
  /** Where processes run unless told otherwise. */
  readonly folder: string;
  /** Opens a link through the proxy. */
  open(options?: ConnectOptions): Promise<Link>;
}

/** Sets one up for the suite around the call. */
export function badNetwork(kind: ServerKind): BadNetwork {
  let server: RunningServer;
  let proxy: FaultProxy;
  let folder: string;
  beforeAll(async () => {
    server = await startServer(kind);
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    proxy = await FaultProxy.before(server.url);
    folder = await mkdtemp(join(tmpdir(), "proctor-recovery-"));
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  return {
    get server() {
      return server;
    },
    get proxy() {
      return proxy;
    },
    get folder() {
      return folder;
    },
    open: (options) => connect(proxy.url, { cwd: folder, ...options }),
  };
}

/** Resolves when the link is in this state. */
export function reached(link: Link, wanted: string): Promise<void> {
  return new Promise((resolve, reject) => {
    link.state$.subscribe({
      next: ({ value }) => {
        if (value === wanted) resolve();
      },
      complete: () => reject(new Error(`the link ended before it was ${wanted}`)),
    });
  });
}

/** Resolves with what is in a file as soon as there is anything. */
export async function written(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (text !== "") return text;
  }
}

/** A number that depends on its index alone, so that a failure can be repeated. */
export function pseudoRandom(index: number): number {
  const mixed = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}
