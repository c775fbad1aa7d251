import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { statechartPages } from "../../scripts/statecharts.ts";

const folder = new URL("../../docs/statecharts/", import.meta.url);
const expected = await statechartPages();

it.each([...expected])(
  "docs/statecharts/%s is up to date; if not, run `node scripts/statecharts.ts`",
  async (file, text) => {
    expect(await readFile(new URL(file, folder), "utf8")).toBe(text);
  },
);

it("docs/statecharts holds a page for each machine and no others", async () => {
  expect((await readdir(folder)).toSorted()).toEqual([...expected.keys()].toSorted());
});
