import { randomBytes } from "node:crypto";
import { mkdir, mkdtempDisposable, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { connect, FileChangedError, type Link } from "../../../src/index.ts";
import { type ServerKind, startServer } from "../../conformance/peer/server.ts";
import { FaultProxy } from "../../fault-proxy.ts";
import { verifies } from "../../rules/verifies.ts";

/** An executor behind a bad network, a folder on its host, and a link. */
async function world(kind: ServerKind) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await startServer(kind));
  const proxy = stack.use(await FaultProxy.before(server.url));
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), "proctor-streams-")));
  const link: Link = stack.use(await connect(proxy.url));
  return {
    proxy,
    link,
    at: (name: string) => join(folder.path, name),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Cuts the connections again and again, whenever so many more bytes have gone by. */
function cutEvery(bytes: number, proxy: FaultProxy): { readonly count: () => number } {
  let seen = 0;
  let cuts = 0;
  proxy.onBytes = (_, piece) => {
    seen += piece.length;
    if (seen < bytes) return;
    seen = 0;
    cuts += 1;
    proxy.cut();
  };
  return { count: () => cuts };
}

describe.each(["proctor", "reference"] as const)("files of %s over a bad network", { timeout: 30_000 }, (kind) => {
  it("a stream goes on where it was cut off, every byte once (03 D-5)", async () => {
    verifies("03 I-1");
    await using here = await world(kind);
    const bytes = randomBytes(24_000_000);
    await writeFile(here.at("f"), bytes);
    const cuts = cutEvery(7_000_000, here.proxy);
    const read = await buffer(here.link.files.createReadStream(here.at("f")));
    expect(read.equals(bytes)).toBe(true);
    expect(cuts.count()).toBeGreaterThanOrEqual(3);
  });

  it("a file that was changed meanwhile fails its stream, by name, instead of giving a mixture", async () => {
    await using here = await world(kind);
    await writeFile(here.at("f"), Buffer.alloc(20_000_000, "a"));
    await writeFile(here.at("other"), Buffer.alloc(20_000_001, "b"));
    const reader = here.link.files.createReadStream(here.at("f")).getReader();
    await reader.read();
    await rename(here.at("other"), here.at("f"));
    here.proxy.cut();
    const rest = (async () => {
      for (let step = await reader.read(); !step.done; step = await reader.read());
    })();
    await expect(rest).rejects.toBeInstanceOf(FileChangedError);
    await expect(rest).rejects.toThrow(here.at("f"));
  });
});

describe("writing files over a bad network", { timeout: 30_000 }, () => {
  it("a file that is written across many cuts has every byte, once (03 D-5)", async () => {
    await using here = await world("proctor");
    const bytes = randomBytes(24_000_000);
    const cuts = cutEvery(7_000_000, here.proxy);
    await new Blob([bytes]).stream().pipeTo(here.link.files.createWriteStream(here.at("f")));
    expect((await readFile(here.at("f"))).equals(bytes)).toBe(true);
    expect(cuts.count()).toBeGreaterThanOrEqual(3);
  });
});

describe("trees over a bad network", { timeout: 60_000 }, () => {
  it("a tree that is sent and fetched across many cuts is the same, every file whole (03 D-5)", async () => {
    await using here = await world("proctor");
    const content = new Map<string, Buffer>();
    await mkdir(here.at("tree/deep"), { recursive: true });
    for (const [name, bytes] of [
      ["large", 12_000_000],
      ["deep/large", 6_000_000],
      ...Array.from({ length: 40 }, (_, n) => [`deep/${n}`, 100_000] as const),
    ] as const) {
      content.set(name, randomBytes(bytes));
      await writeFile(here.at(`tree/${name}`), content.get(name) ?? "");
    }
    const cuts = cutEvery(5_000_000, here.proxy);
    expect((await here.link.files.upload(here.at("tree"), here.at("sent"))).files).toBe(content.size);
    expect((await here.link.files.download(here.at("sent"), here.at("fetched"))).files).toBe(content.size);
    expect(cuts.count()).toBeGreaterThanOrEqual(4);
    for (const [name, bytes] of content) {
      for (const copy of ["sent", "fetched"])
        expect((await readFile(here.at(`${copy}/${name}`))).equals(bytes), name).toBe(true);
    }
    expect((await readdir(here.at("fetched/deep"))).filter((name) => name.startsWith("."))).toEqual([]);
  });
});
