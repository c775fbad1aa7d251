import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RpcError, type Sandbox, SandboxError } from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
import type { Venue } from "./venue.ts";

const sh = (script: string) => ["/bin/sh", "-c", script] as const;

/** Not below `/tmp`, which a workspace sandbox opens. */
const scratchFolder = () => mkdtempDisposable("/var/tmp/proctor-client-");

/** Programs that are confined, and what is told of their end. */
export function sandboxTests(venue: Venue): void {
  describe("sandboxes", () => {
    it("a read-only program reads and does not write, and its exit says so (05 SB-D6)", async () => {
      verifies("05 SB-D6", "05 SB-V10", "02 P-79");
      await using link = await venue.open();
      await using folder = await scratchFolder();
      writeFileSync(join(folder.path, "seen"), "seen\n");
      const process = await link.start(sh("cat seen && echo x > file"), { cwd: folder.path, sandbox: "read-only" });
      expect(await process.text("stdout")).toBe("seen\n");
      expect(await process.exited).toMatchObject({ sandboxDenied: true });
      expect(existsSync(join(folder.path, "file"))).toBe(false);
    });

    it("a program in its workspace writes there, not to its metadata, and nowhere else", async () => {
      verifies("05 SB-V10", "05 SB-M1");
      await using link = await venue.open();
      await using folder = await scratchFolder();
      await using other = await scratchFolder();
      const script = `echo in > file; echo x > .git/config; echo x > ${other.path}/file; exit 3`;
      const process = await link.start(sh(script), { cwd: folder.path, sandbox: "workspace-write" });
      expect(await process.exited).toMatchObject({ exitCode: 3, sandboxDenied: true });
      await process.closed;
      expect(readFileSync(join(folder.path, "file"), "utf8")).toBe("in\n");
      expect([existsSync(join(folder.path, ".git")), existsSync(join(other.path, "file"))]).toEqual([false, false]);
    });

    it("a failure of its own is no denial, nor is anything without a sandbox", async () => {
      verifies("05 SB-D1", "05 SB-D3");
      await using link = await venue.open();
      const confined = await link.start(sh("exit 4"), { sandbox: "read-only" });
      const free = await link.start(sh("echo permission denied; exit 4"));
      for (const { exited } of [confined, free]) {
        const exit = await exited;
        expect(exit).toMatchObject({ exitCode: 4 });
        expect(exit).not.toHaveProperty("sandboxDenied");
      }
    });

    it("what cannot be enforced is refused, and nothing runs", async () => {
      await using link = await venue.open();
      const permissions = {
        type: "managed",
        file_system: {
          type: "restricted",
          entries: [{ path: { type: "path", path: "file:///C:/x" }, access: "read" }],
        },
        network: "restricted",
      } as const;
      const failure = await link.start(["true"], { sandbox: { permissions } }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(RpcError);
      expect(failure).toMatchObject({ code: "invalidParams", effect: "notApplied" });
    });

    it.each<[string, Sandbox, string]>([
      ["an unknown name", "workspace" as Sandbox, "no sandbox is called `workspace`"],
      ["an unknown symbol", { read: [":home"] }, "no place in a sandbox is called `:home`"],
      ["a part of what has none", { read: [":root/usr"] }, "no place in a sandbox is called `:root/usr`"],
      ["a profile with a slip", { permissions: { type: "manged" } as never }, "not a permission profile"],
      ["a workspace that is everything", "workspace-write", "the workspace would be the whole file system"],
    ])("%s is refused before anything is sent", async (_what, sandbox, text) => {
      await using link = await venue.open();
      const failure = await link.start(["true"], { sandbox, cwd: "/" }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SandboxError);
      expect(failure).toMatchObject({ code: "sandbox", effect: "notApplied", message: expect.stringContaining(text) });
    });

    // The reference starts a helper from its home inside the sandbox, and these rules show no home.
    if (!venue.isReference) {
      it("rules of one's own: what they do not name is not there, and the deepest decides", async () => {
        await using link = await venue.open();
        await using folder = await scratchFolder();
        for (const name of ["key", "a.env", "plain"]) writeFileSync(join(folder.path, name), `${name}\n`);
        const sandbox: Sandbox = {
          read: [":minimal", ":workspace_roots"],
          write: [":workspace_roots/out"],
          deny: [join(folder.path, "key")],
          denyMatching: ["*.env"],
          workspaceRoots: [folder.path],
        };
        const script =
          "cat plain; cat key 2>/dev/null || echo no key; cat a.env 2>/dev/null || echo no env; ls -d /home /root /var/log 2>/dev/null; :";
        const process = await link.start(sh(script), { cwd: folder.path, sandbox });
        expect(await process.text("stdout")).toBe("plain\nno key\nno env\n");
      });
    }

    it("what a program used is told where it can be counted, and never guessed", async () => {
      await using link = await venue.open();
      const busy = sh("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
      const cut = { permissions: { type: "external", network: "restricted" } } as const;
      const [free, confined] = [
        await link.start(busy, { sandbox: cut }),
        await link.start(busy, { sandbox: "read-only" }),
      ];
      const { usage } = await free.exited;
      if (venue.isReference) expect(usage).toBeNull();
      else expect(usage?.userCpuMs).toBeGreaterThan(30);
      expect((await confined.exited).usage).toBeNull();
    });

    it("the network is cut unless a rule gives it", async () => {
      await using link = await venue.open();
      for (const network of [false, true]) {
        const process = await link.start(sh("readlink /proc/self/ns/net"), {
          sandbox: { read: [":root"], write: ["/var/tmp"], network },
        });
        const here = await link.start(sh("readlink /proc/self/ns/net"));
        expect((await process.text()) === (await here.text())).toBe(network);
      }
    });
  });
}
