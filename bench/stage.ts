import type { Row, SubjectName } from "./row.ts";
import type { RunOptions } from "./run-row.ts";
import type { Values } from "./sizes.ts";
import { type BareSubject, startBare } from "./subjects/bare.ts";
import { type ExecutorName, type ExecutorSubject, startExecutor } from "./subjects/executor.ts";

/** Holds the subjects of one row while it runs: started when they are needed, and anew for each run where the row asks for it. */
export class Stage implements AsyncDisposable {
  readonly #row: Row;
  readonly #options: Pick<RunOptions, "sizes" | "profiles">;
  readonly #executors = new Map<ExecutorName, ExecutorSubject>();
  #bare: BareSubject | undefined;

  constructor(row: Row, options: Pick<RunOptions, "sizes" | "profiles">) {
    this.#row = row;
    this.#options = options;
  }

  /** Lets one subject do the work once. */
  async run(name: SubjectName): Promise<Values> {
    const { sizes } = this.#options;
    const values =
      name === "bare"
        ? await this.#row.bare({ sizes, bare: await this.#startedBare(), proctor: () => this.#started("proctor") })
        : await this.#row.executor(await this.#started(name), sizes);
    if (this.#row.needsFresh === true) await this.dismiss(name);
    return values;
  }

  /** Ends a subject; the next run starts another. */
  async dismiss(name: SubjectName): Promise<void> {
    if (name === "bare") {
      const bare = this.#bare;
      this.#bare = undefined;
      await bare?.[Symbol.asyncDispose]();
      return;
    }
    const executor = this.#executors.get(name);
    this.#executors.delete(name);
    await executor?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#executors.keys(), "bare" as const]) await this.dismiss(name);
  }

  async #started(name: ExecutorName): Promise<ExecutorSubject> {
    const executor = this.#executors.get(name) ?? (await startExecutor(name, this.#options.profiles));
    this.#executors.set(name, executor);
    return executor;
  }

  async #startedBare(): Promise<BareSubject> {
    this.#bare ??= await startBare();
    return this.#bare;
  }
}
