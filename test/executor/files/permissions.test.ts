import { expect, test } from "vitest";
import { verifies } from "../../rules/verifies.ts";
import { base64, fileCalls } from "./file-calls.ts";
import { type TempFolder, tempFolder } from "./temp-folder.ts";
import { callsUnprivileged, unprivilegedId } from "./unprivileged.ts";

// Calls come from an ordinary user. What it may not touch belongs to root, so the tests need root to set that up.
const asRoot = process.getuid?.() === 0;

const denied = { code: -32600, message: "Permission denied (os error 13)", data: { errno: "EACCES" } };
const dataBase64 = base64("x");

async function fixture(): Promise<TempFolder> {
  const folder = await tempFolder();
  await folder.sh(`chmod 755 .; mkdir locked ro open rx mix mix/no cpd;
    printf f > locked/f; printf s > secret; printf r > rofile; printf r > ro/r; mkdir ro/sub;
    printf o > open/o; printf t > open/troot; printf n > rx/name; : > mix/yes; printf 1 > cpd/unreadable;
    : > mine; chown ${unprivilegedId} mine; chmod 000 mine; printf s > open/suid; chown ${unprivilegedId} open/suid;
    printf q > src4755; mkdir -p open/tree/kept; : > open/tree/kept/x; chown ${unprivilegedId} open/tree;
    chmod 4755 src4755 open/suid; chmod 600 secret cpd/unreadable; chmod 700 locked mix/no; chmod 744 rx; chmod 1777 open`);
  return folder;
}

test.runIf(asRoot)("the calls really come from an ordinary user", async () => {
  await using folder = await tempFolder();
  await folder.sh("chmod 777 .");
  await callsUnprivileged(["fs/writeFile", { path: folder.at("f"), dataBase64 }]);
  expect(await folder.sh("stat -c %u f")).toBe(`${unprivilegedId}\n`);
});

test.runIf(asRoot)("what the user may not read, write, search or list is -32600", async () => {
  verifies("04 F-5", "04 F-33");
  await using folder = await fixture();
  const answers = await callsUnprivileged(
    ["fs/readFile", { path: folder.at("secret") }],
    ["fs/readFile", { path: folder.at("locked/f") }],
    ["fs/readFile", { path: folder.at("locked/nope") }],
    ["fs/writeFile", { path: folder.at("rofile"), dataBase64 }],
    ["fs/writeFile", { path: folder.at("ro/new"), dataBase64 }],
    ["fs/writeFile", { path: folder.at("mine"), dataBase64 }],
    ["fs/createDirectory", { path: folder.at("ro/new") }],
    ["fs/getMetadata", { path: folder.at("locked/f") }],
    ["fs/canonicalize", { path: folder.at("locked/f") }],
    ["fs/readDirectory", { path: folder.at("locked") }],
    ["fs/remove", { path: folder.at("ro/r") }],
    ["fs/remove", { path: folder.at("locked/nope") }],
    ["fs/remove", { path: folder.at("ro") }],
    ["fs/copy", { sourcePath: folder.at("secret"), destinationPath: folder.at("open/x"), recursive: false }],
    ["fs/copy", { sourcePath: folder.at("open/o"), destinationPath: folder.at("ro/x"), recursive: false }],
    ["fs/copy", { sourcePath: folder.at("cpd"), destinationPath: folder.at("open/cpd2"), recursive: true }],
  );
  for (const [index, { error }] of answers.entries()) expect(error, `call ${index}`).toMatchObject(denied);
  expect(await folder.sh("ls ro; cat rofile open/troot")).toBe("r\nsub\nrt");
});

test.runIf(asRoot)("what needs no permission on the file itself works", async () => {
  await using folder = await fixture();
  const [existing, secret, mine] = await callsUnprivileged(
    ["fs/createDirectory", { path: folder.at("ro/sub") }],
    ["fs/getMetadata", { path: folder.at("secret") }],
    ["fs/getMetadata", { path: folder.at("mine") }],
  );
  expect(existing).toEqual({ result: {} });
  expect(secret?.result).toMatchObject({ isFile: true, size: 1 });
  expect(mine?.result).toMatchObject({ isFile: true, size: 0 });
});

test.runIf(asRoot)("a directory whose names may be read but not searched has no entries", async () => {
  verifies("04 F-31");
  await using folder = await fixture();
  const [unsearchable, mixed] = await callsUnprivileged(
    ["fs/readDirectory", { path: folder.at("rx") }],
    ["fs/readDirectory", { path: folder.at("mix") }],
  );
  expect(unsearchable).toEqual({ result: { entries: [] } });
  expect(mixed?.result).toMatchObject({
    entries: expect.toSatisfy((entries) => {
      const names = entries.map(({ fileName }: { fileName: string }) => fileName);
      return names.sort().join() === "no,yes";
    }),
  });
});

test.runIf(asRoot)("a foreign file in a sticky directory stays: EPERM is -32600 too", async () => {
  verifies("04 F-5", "04 F-6");
  await using folder = await fixture();
  const [answer] = await callsUnprivileged(["fs/remove", { path: folder.at("open/troot") }]);
  expect(answer?.error).toEqual({
    code: -32600,
    message: "Operation not permitted (os error 1)",
    data: { errno: "EPERM", op: "remove", path: `file://${folder.at("open/troot")}` },
  });
});

test.runIf(asRoot)("a failure in the middle of a removal names the entry, and what was not reached stays", async () => {
  verifies("04 F-36");
  await using folder = await fixture();
  const [answer] = await callsUnprivileged(["fs/remove", { path: folder.at("open/tree") }]);
  expect(answer?.error).toMatchObject({ ...denied, data: { path: `file://${folder.at("open/tree/kept/x")}` } });
  expect(await folder.sh("ls open/tree/kept")).toBe("x\n");
});

test.runIf(asRoot)(
  "writing clears the set-user-id bit of an ordinary user's file, and a copy never gains it",
  async () => {
    verifies("04 F-16");
    await using folder = await fixture();
    const answers = await callsUnprivileged(
      ["fs/writeFile", { path: folder.at("open/suid"), dataBase64 }],
      ["fs/copy", { sourcePath: folder.at("src4755"), destinationPath: folder.at("open/s4"), recursive: false }],
    );
    expect(answers).toEqual([{ result: {} }, { result: {} }]);
    expect(await folder.sh("stat -c '%u %a' open/suid open/s4")).toBe(`${unprivilegedId} 755\n${unprivilegedId} 755\n`);
  },
);

test.runIf(asRoot)("a copy onto a file whose mode cannot be changed leaves its content alone", async () => {
  await using folder = await fixture();
  await folder.sh("printf theirs > open/writable; chmod 666 open/writable");
  const [answer] = await callsUnprivileged([
    "fs/copy",
    { sourcePath: folder.at("open/o"), destinationPath: folder.at("open/writable"), recursive: false },
  ]);
  expect(answer?.error).toMatchObject({ code: -32600, data: { errno: "EPERM" } });
  expect(await folder.sh("cat open/writable")).toBe("theirs");
});

test.runIf(asRoot)("root reads what nobody may read", async () => {
  await using folder = await fixture();
  const { result } = await fileCalls()("fs/readFile", { path: folder.at("mine") });
  expect(result).toEqual({ dataBase64: "" });
});
