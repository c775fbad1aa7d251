import { describe, expect, it } from "vitest";
import type { Venue } from "./venue.ts";

/** What a process finds around it. */
export function environmentTests(venue: Venue): void {
  describe("environment", () => {
    const variables = async (text: string) =>
      new Map(text.split("\n").map((line) => line.split("=", 2) as [string, string]));

    it("inherits the core of the executor's environment by default, with the given variables on top (02 P-17)", async () => {
      await using link = await venue.open();
      const process = await link.start(["env"], { env: { ADDED: "yes", LANG: "C" } });
      const found = await variables(await process.text());
      expect(found.get("ADDED")).toBe("yes");
      expect(found.get("LANG")).toBe("C");
      expect(found.has("PATH")).toBe(true);
      expect(found.has("HOME")).toBe(true);
      for (const name of found.keys()) {
        expect([
          "",
          "ADDED",
          "PATH",
          "SHELL",
          "TMPDIR",
          "TEMP",
          "TMP",
          "HOME",
          "LANG",
          "LC_ALL",
          "LC_CTYPE",
          "LOGNAME",
          "USER",
        ]).toContain(name);
      }
    });

    it("is exactly the given one when nothing is inherited (02 P-16)", async () => {
      await using link = await venue.open();
      const process = await link.start(["/usr/bin/env"], { inheritEnv: "none", env: { ONLY: "this", EMPTY: "" } });
      expect((await process.text()).split("\n").sort()).toEqual(["", "EMPTY=", "ONLY=this"]);
    });

    it("has everything but what looks like a secret when all is inherited (02 P-17)", async () => {
      await using link = await venue.open();
      const process = await link.start(["env"], { inheritEnv: "all", env: { MY_TOKEN: "given" } });
      const found = await variables(await process.text());
      expect(found.get("MY_TOKEN")).toBe("given");
      expect(found.has("PATH")).toBe(true);
      for (const name of found.keys()) if (name !== "MY_TOKEN") expect(name).not.toMatch(/KEY|SECRET|TOKEN/i);
    });

    it("names of any kind pass, also those that mean something to JavaScript (02 P-18)", async () => {
      await using link = await venue.open();
      const env = { constructor: "b", toString: "c", é: "d" } as unknown as Record<string, string>;
      const process = await link.start(["/usr/bin/env"], { inheritEnv: "none", env });
      expect((await process.text()).split("\n").sort()).toEqual(["", "constructor=b", "toString=c", "é=d"]);
    });

    it("a process runs where it is told to, as text or as URL", async () => {
      await using link = await venue.open();
      for (const cwd of ["/usr", "file:///usr", new URL("file:///usr")]) {
        expect(await (await link.start(["pwd"], { cwd })).text()).toBe("/usr\n");
      }
    });

    it("a program sees the name that it is given as its own (02 P-13)", async () => {
      await using link = await venue.open();
      const process = await link.start(["sh", "-c", "echo $0"], { arg0: "-other" });
      expect(await process.text()).toBe("-other\n");
    });

    it("says which shell the executor's user has (01 W-52)", async () => {
      await using link = await venue.open();
      const { shell } = await link.environmentInfo();
      expect(["zsh", "bash", "sh"]).toContain(shell.name);
      expect(await (await link.start([shell.path, "-c", "echo works"])).text()).toBe("works\n");
    });
  });
}
