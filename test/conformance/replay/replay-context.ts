import { type Deviation, deviationsOf } from "../deviations.ts";
import type { Fixture } from "../fixtures/fixture.ts";
import { Arrivals } from "../peer/arrivals.ts";
import type { RunningServer } from "../peer/server.ts";
import { ProcessBook } from "./process-book.ts";
import { Substitution } from "./substitution.ts";
import { readTolerances, type Tolerances } from "./tolerances.ts";
import type { Transcript } from "./transcript.ts";

/** What all parts of one replay share: the recording, the server, what may differ, and what was found to. */
export class ReplayContext {
  readonly transcript: Transcript;
  readonly server: RunningServer;
  readonly fixture: Fixture;
  readonly tolerances: Tolerances;
  readonly deviations: readonly Deviation[];
  readonly names = new Substitution();
  readonly book = new ProcessBook();
  /** Wakes what waits for something on any websocket of the replay. */
  readonly arrivals = new Arrivals();
  /** As the recorded client did, whose pongs are not in the recordings, save where it suppressed them. */
  readonly answersPings: boolean;
  /** Everything that differs, with the line of the recording. */
  readonly faults: string[] = [];
  /** The line that is being looked at. */
  at = 0;
  readonly #expectedOrder = new Map<string, string[]>();

  constructor(transcript: Transcript, server: RunningServer, fixture: Fixture) {
    this.transcript = transcript;
    this.server = server;
    this.fixture = fixture;
    this.tolerances = readTolerances(transcript.tolerate);
    this.deviations = deviationsOf(server.kind, transcript.name);
    this.answersPings = transcript.name !== "w16-keepalive";
    for (const [recorded, actual] of fixture.names) this.names.add(recorded, actual);
    if (transcript.name === "fs-canonicalize") this.names.add("/home/u", server.home);
  }

  /** Notes something that differs. */
  report(...faults: readonly string[]): void {
    this.faults.push(...faults.map((fault) => `  line ${this.at}: ${fault}`));
  }

  /** What a process prints instead of what is recorded, if it does on purpose. */
  printedInstead(processId: string): (Deviation & { readonly kind: "prints" }) | undefined {
    for (const other of this.deviations) if (other.kind === "prints" && other.processId === processId) return other;
    return undefined;
  }

  /** The ids that a connection's answers must have, in order; grows as the recording is gone through. */
  orderOf(conn: string): string[] {
    const order = this.#expectedOrder.get(conn) ?? [];
    this.#expectedOrder.set(conn, order);
    return order;
  }
}
