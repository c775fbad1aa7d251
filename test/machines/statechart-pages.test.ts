import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { statechartFiles } from "../../scripts/statecharts.ts";

const root = new URL("../../", import.meta.url);
const expected = await statechartFiles();

it.each([...expected])("%s is up to date; if not, run `npm run statecharts`", async (file, text) => {
  expect(await readFile(new URL(file, root), "utf8")).toBe(text);
});

it("docs/statecharts holds a page and a picture for each machine and nothing else", async () => {
  const files = (await readdir(new URL("docs/statecharts/", root))).map((file) => `docs/statecharts/${file}`);
  const drawn = [...expected.keys()].filter((file) => file.startsWith("docs/"));
  expect(files.toSorted()).toEqual(drawn.toSorted());
});
