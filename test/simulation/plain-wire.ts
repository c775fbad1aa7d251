import { chance } from "./chance.ts";

/**
 * Makes the answers of an executor look as if it had no extensions, like those of the reference: nothing is offered, and no
 * answer has a field that only we know.
 */
export function withoutExtensions(text: string): string {
  const hasOffer = text.includes('"proctor":') && text.includes('"sessionId":');
  if (!hasOffer && !text.includes('"exitSeq":')) return text;
  const message = JSON.parse(text) as { result?: { proctor?: unknown; exitSeq?: unknown } };
  delete message.result?.proctor;
  delete message.result?.exitSeq;
  return JSON.stringify(message);
}

/**
 * Sends as the reference does: from several tasks, so that now and then something is overtaken by what was sent after it (03
 * SS-40, SS-43). Only events are, and the answer to a resume.
 */
export class OvertakingSender {
  readonly #send: (text: string) => void;
  readonly #seed: number;
  readonly #name: string;
  #sent = 0;
  #late: string | null = null;

  constructor(send: (text: string) => void, seed: number, name: string) {
    this.#send = send;
    this.#seed = seed;
    this.#name = name;
  }

  /** Sends a message, or keeps it until the next one or until `flush`; tells whether one is kept. */
  send(text: string): boolean {
    this.#sent += 1;
    const mayWait = text.startsWith('{"method":"process/') || text.includes('"sessionId":');
    if (mayWait && this.#late === null && chance(this.#seed, this.#name, "late", this.#sent) % 6 === 0) {
      this.#late = text;
      return true;
    }
    this.#send(text);
    this.flush();
    return false;
  }

  /** Sends what is late. */
  flush(): void {
    const late = this.#late;
    this.#late = null;
    if (late !== null) this.#send(late);
  }
}
