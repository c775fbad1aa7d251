import { expect, test } from "vitest";
import { FileError, FileRefusedError, osErrorText } from "../../../src/ports/file-host.ts";
import { ProctorError } from "../../../src/protocol/errors.ts";
import { verifies } from "../../rules/verifies.ts";

test("a failure has the text of the reference, with the number of this host", () => {
  verifies("04 F-5");
  expect(osErrorText("ENOENT")).toBe("No such file or directory (os error 2)");
  expect(osErrorText("ENAMETOOLONG")).toBe("Filename too long (os error 36)");
});

test("a failure without words is shown by its name, and one without a number too", () => {
  expect(osErrorText("EILSEQ")).toBe("EILSEQ (os error 84)");
  expect(osErrorText("ESOMETHING")).toBe("ESOMETHING");
});

test("what failed to read changed nothing, what failed to change something may have", () => {
  expect(new FileError("EIO", "readFile", "/f")).toMatchObject({ code: "fileFailed", effect: "notApplied" });
  expect(new FileError("EIO", "copy", "/f")).toMatchObject({ code: "fileFailed", effect: "unknown" });
  expect(new FileRefusedError("no", "copy", "/f")).toMatchObject({ code: "fileRefused", effect: "notApplied" });
  expect(new FileError("EIO", "copy", "/f")).toBeInstanceOf(ProctorError);
});
