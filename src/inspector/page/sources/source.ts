import type { ActorNumber, HeaderRecord, HistoryRecord } from "../../records.ts";

/** Where the records come from, and how that goes. */
export type SourceState =
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "recording"; readonly name: string; readonly isCutOff: boolean }
  | {
      readonly kind: "live";
      readonly connection: "opening" | "open" | "retrying";
      /** Does the server take orders? */
      readonly mayControl: boolean;
      /** Is what happens being written to a file? */
      readonly isRecording: boolean;
    };

/** Who hears what a source has to tell. */
export interface SourceListener {
  /** A history begins, and replaces what came before. */
  begin(header: HeaderRecord): void;
  take(records: readonly HistoryRecord[]): void;
  tell(state: SourceState): void;
}

/** An order to a process. */
export type ControlOrder =
  | { readonly kind: "terminate"; readonly actor: ActorNumber }
  | { readonly kind: "signal"; readonly actor: ActorNumber; readonly signal: string }
  | { readonly kind: "stdin"; readonly actor: ActorNumber; readonly base64: string };

/** What a page can show: a recording, or an executor that runs. */
export interface Source {
  start(listener: SourceListener): void;
  /** Output of an actor is wanted, until the function that this gives is called; a recording has it anyway. */
  follow(actor: ActorNumber): () => void;
  /** Throws when it takes no orders, or refuses this one. */
  order(order: ControlOrder): Promise<void>;
  /** Nothing is told any more. */
  close(): void;
}
