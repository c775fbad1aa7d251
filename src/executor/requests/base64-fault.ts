const alphabet = /^[A-Za-z0-9+/]$/;
const pad = "=".charCodeAt(0);

/**
 * What is wrong with text that is not strict base64, in the words of the reference (04 F-15): the first byte that does not
 * belong there, else the length, the padding or unused bits. Only for text that `decodeBase64` refused.
 */
export function base64Fault(text: string): string {
  const bytes = Buffer.from(text);
  const lastGroup = Math.floor((bytes.length - 1) / 4) * 4;
  const end = paddingStart(bytes, lastGroup);
  const stray = bytes.findIndex((byte, offset) => offset < end && !alphabet.test(String.fromCharCode(byte)));
  if (stray >= 0) return `Invalid symbol ${bytes[stray]}, offset ${stray}.`;
  if (end - lastGroup < 2) return `Invalid input length: ${bytes.length}`;
  if (bytes.length % 4 !== 0) return "Invalid padding";
  return `Invalid last symbol ${bytes[end - 1]}, offset ${end - 1}.`;
}

/** Where the padding begins; it may only fill up the last group, after two symbols at least. */
function paddingStart(bytes: Buffer, lastGroup: number): number {
  let start = bytes.length;
  while (start > lastGroup + 2 && bytes[start - 1] === pad) start -= 1;
  return start;
}
