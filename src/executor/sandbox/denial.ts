import type { OutputStream } from "../../protocol/process.ts";

/** What programs say when they were not let (05 SB-D2). */
const keywords = [
  "operation not permitted",
  "permission denied",
  "read-only file system",
  "seccomp",
  "sandbox",
  "landlock",
  "failed to write file",
];
/** Killed by SIGSYS, as shells report it. */
const systemCallRefused = 159;
/** Output before the last of this many bytes does not count (05 SB-D4). */
const rememberedBytes = 1024 * 1024;

/** Tells whether the end of a confined program looks like the work of its confinement (05 section 15). */
export class DenialWatch {
  readonly #chunks: { readonly stream: OutputStream; readonly bytes: Uint8Array }[] = [];
  #length = 0;

  /** The program has printed this; it is not copied. */
  printed(stream: OutputStream, bytes: Uint8Array): void {
    this.#chunks.push({ stream, bytes });
    this.#length += bytes.length;
    while (this.#length > rememberedBytes) this.#length -= this.#chunks.shift()?.bytes.length ?? 0;
  }

  /** Lets go of what it remembers. */
  verdict(exitCode: number): boolean {
    const chunks = this.#chunks.splice(0);
    if (exitCode === 0) return false;
    const texts = [
      chunks.filter(({ stream }) => stream !== "stderr"),
      chunks.filter(({ stream }) => stream === "stderr"),
      chunks,
    ];
    const isSaid = texts.some((part) => {
      const text = Buffer.concat(part.map(({ bytes }) => bytes))
        .toString("utf8")
        .toLowerCase();
      return keywords.some((keyword) => text.includes(keyword));
    });
    return isSaid || exitCode === systemCallRefused;
  }
}
