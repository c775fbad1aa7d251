import { readdirSync } from "node:fs";
import { membersOf } from "../../../src/executor/spawn/process-table.ts";
import type { Child, ChildEnd, ChildListener, ChildSpec, ProcessHost } from "../../../src/ports/process-host.ts";
import type { OutputStream } from "../../../src/protocol/process.ts";

/** What a child told its listener, in order, and ways to wait for it. */
export class RecordedChild implements ChildListener {
  readonly events: string[] = [];
  readonly chunks: Uint8Array[] = [];
  end: ChildEnd | null = null;
  isStdinClosed = false;
  readonly #text = new Map<OutputStream, Buffer[]>();
  readonly #ended = new Set<OutputStream>();
  readonly #waiting = new Set<() => void>();
  #child: Child | null = null;

  /** Starts `spec` on `host`; what is missing is a shell-free default. */
  static async start(
    host: ProcessHost,
    spec: Partial<ChildSpec> & { argv: readonly string[] },
  ): Promise<RecordedChild> {
    const recorded = new RecordedChild();
    const env = { PATH: "/usr/bin:/bin" };
    recorded.#child = await host.spawn({ arg0: null, cwd: "/tmp", env, stdin: "none", ...spec }, recorded);
    return recorded;
  }

  get child(): Child {
    if (this.#child === null) throw new Error("a callback came before the start resolved");
    return this.#child;
  }

  output(stream: OutputStream, bytes: Uint8Array): void {
    void this.child;
    this.events.push(`output ${stream}`);
    this.chunks.push(bytes);
    this.#text.set(stream, [...(this.#text.get(stream) ?? []), Buffer.from(bytes)]);
    this.#changed();
  }

  ended(stream: OutputStream): void {
    this.events.push(`ended ${stream}`);
    this.#ended.add(stream);
    this.#changed();
  }

  exited(end: ChildEnd): void {
    this.events.push(`exited ${end.exitCode}`);
    this.end = end;
    this.#changed();
  }

  stdinClosed(): void {
    this.events.push("stdinClosed");
    this.isStdinClosed = true;
    this.#changed();
  }

  /** Everything that a stream brought so far. */
  bytes(stream: OutputStream): Buffer {
    return Buffer.concat(this.#text.get(stream) ?? []);
  }

  /** As text. */
  text(stream: OutputStream): string {
    return this.bytes(stream).toString();
  }

  get exitCode(): number | null {
    return this.end?.exitCode ?? null;
  }

  get isClosed(): boolean {
    return (
      this.exitCode !== null && (this.#ended.has("pty") || (this.#ended.has("stdout") && this.#ended.has("stderr")))
    );
  }

  /** Resolves as soon as `condition` holds; it is asked again after every callback. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  untilSaid(stream: OutputStream, text: string): Promise<void> {
    return this.until(() => this.text(stream).includes(text));
  }

  untilExited(): Promise<void> {
    return this.until(() => this.exitCode !== null);
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.isClosed);
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check();
  }
}

/** Runs a shell script to its end and returns what it said. */
export async function run(host: ProcessHost, script: string, spec: Partial<ChildSpec> = {}): Promise<RecordedChild> {
  const recorded = await RecordedChild.start(host, { argv: ["sh", "-c", script], ...spec });
  await recorded.untilClosed();
  recorded.child.release();
  return recorded;
}

/** The descriptors that this program has open. */
export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Resolves when a condition of the operating system holds that nothing announces. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Is any process left in this group? */
export function groupIsEmpty(group: number): boolean {
  return membersOf(group).length === 0;
}
