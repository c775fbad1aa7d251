import type { WireResult } from "../protocol/methods.ts";

/** The head of a response whose body follows: nothing of the body goes out before the answer has (06 H-34). */
export class StreamedOutcome {
  readonly result: WireResult<"http/request">;
  /** Called once, when the answer is on its way. */
  readonly begin: () => void;

  constructor(result: WireResult<"http/request">, begin: () => void) {
    this.result = result;
    this.begin = begin;
  }
}
