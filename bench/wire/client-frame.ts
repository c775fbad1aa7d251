/** A mask of zeroes: a frame that is masked with it is its own plain text, so that nothing is ever masked at run time. */
const zeroMask = 4;

/** The header of a masked, unfragmented text frame around a payload of this length. */
export function frameHeader(length: number, opcode = 1): Buffer {
  const extended = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
  const header = Buffer.alloc(2 + extended + zeroMask);
  header[0] = 0x80 | opcode;
  header[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/** A whole client frame, ready to be sent as often as one likes. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([frameHeader(payload.length), payload]);
}

/** A request as a frame. Its id comes first in the text, where {@link Message} looks for it. */
export function requestFrame(id: number, method: string, params: unknown): Buffer {
  return textFrame(JSON.stringify({ id, method, params }));
}
