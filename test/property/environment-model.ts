/** What can be done to an environment, and what its surroundings do. */
export type EnvironmentStep =
  | { readonly type: "use" | "abandonedUse" | "restart" | "peek" | "release" | "close" }
  /** How the attempt that is under way ends, if one is. */
  | { readonly type: "opened" | "openedDead" | "refused" }
  /** What becomes of the link, if there is one. */
  | { readonly type: "recovering" | "recovered" | "lost" };

type State = "Idle" | "Starting" | "Connected" | "Recovering" | "Lost" | "Reopening" | "Dead" | "Failed" | "Disposed";

/** What one environment does, said once more without a statechart. */
export class EnvironmentModel {
  state: State = "Idle";
  /** Attempts so far. */
  attempts = 0;
  readonly #isOneShot: boolean;

  constructor(isOneShot: boolean) {
    this.#isOneShot = isOneShot;
  }

  /** Is an attempt under way? */
  get isConnecting(): boolean {
    return this.state === "Starting" || this.state === "Reopening";
  }

  /** Does a user get a link at once? */
  get isUsable(): boolean {
    return this.state === "Connected" || this.state === "Recovering";
  }

  apply({ type }: EnvironmentStep): void {
    if (this.state === "Disposed" || type === "peek") return;
    if (type === "close" || (type === "release" && !this.isUsable)) this.state = "Disposed";
    else if (type === "use" || type === "abandonedUse") this.#use();
    else if (type === "restart") this.#restart();
    else if (this.isConnecting) this.#attemptEnds(type);
    else if (this.isUsable) this.#linkSays(type);
  }

  #use(): void {
    if (this.state === "Idle") this.#begin("Starting");
    else if (this.state === "Lost") this.#begin("Reopening");
  }

  #restart(): void {
    if (!this.isUsable && !this.isConnecting) this.#begin("Starting");
  }

  #attemptEnds(how: EnvironmentStep["type"]): void {
    const wasStarting = this.state === "Starting";
    if (how === "opened") this.state = "Connected";
    if (how === "refused") this.state = wasStarting ? "Failed" : "Lost";
    if (how !== "openedDead") return;
    // Those who wait for a start get a second chance, those who wait for a fresh link do not.
    if (this.#isOneShot) this.state = "Dead";
    else if (wasStarting) this.#begin("Reopening");
    else this.state = "Lost";
  }

  #linkSays(what: EnvironmentStep["type"]): void {
    if (what === "recovering") this.state = "Recovering";
    if (what === "recovered") this.state = "Connected";
    if (what === "lost") this.state = this.#isOneShot ? "Dead" : "Lost";
  }

  #begin(state: "Starting" | "Reopening"): void {
    this.state = state;
    this.attempts += 1;
  }
}
