import type { Observable } from "rxjs";
import type { LinkActor } from "../actors/link-actor.ts";
import { UnsupportedError } from "../actors/link-errors.ts";
import type { LinkState } from "../actors/link-state.ts";
import { RemoteProcessActor } from "../actors/remote-process-actor.ts";
import type { RemoteProcessPorts } from "../actors/remote-process-options.ts";
import { deadline } from "../ports/deadline.ts";
import type { Random } from "../ports/random.ts";
import type { LinkTelemetry } from "../ports/telemetry.ts";
import type { EnvironmentInfo } from "../protocol/environment.ts";
import { ProctorError } from "../protocol/errors.ts";
import type { Feature, ListedProcess } from "../protocol/extensions.ts";
import type { InfoOptions, Services } from "./environments/services.ts";
import { HttpLanes, type HttpLanesOptions } from "./http-lanes.ts";
import { HttpWays } from "./http-ways.ts";
import { type RemoteFetch, remoteFetch, type UnsupportedRedirect } from "./remote-fetch.ts";
import { RemoteFiles } from "./remote-files.ts";
import type { RemotePath } from "./remote-path.ts";
import { RemoteProcess } from "./remote-process.ts";
import { type StartOptions, startParams } from "./start-options.ts";

/** What a link needs to make handles. */
export interface LinkPorts extends RemoteProcessPorts {
  /** Runs when the link has closed; `close` waits for it. */
  readonly afterClose: () => Promise<void>;
  readonly random: Random;
  readonly unsupportedRedirect: UnsupportedRedirect;
  /** How further connections for HTTP are opened; `null`: they are not. */
  readonly lanes: HttpLanesOptions | null;
  /** Where processes run unless told otherwise. */
  readonly cwd: RemotePath;
  readonly telemetry?: LinkTelemetry | undefined;
}

/** How long a link that is closed waits for the answers to its terminates (03 D-14). */
const closeGraceMs = 1_000;

/**
 * A place to run things: processes, files and facts of one executor, over one session. Made by `connect()` or
 * `localEnvironment()`; close it, or let `await using` do so. A lost connection is a pause: calls wait, processes go on, and
 * what they did meanwhile arrives in order. When the session cannot be resumed in time everything pending settles at once with
 * a LinkFailedError, and every later call fails with the same reason.
 */
export class Link implements Services, AsyncDisposable {
  /** The executor's files. */
  readonly files: RemoteFiles;
  /**
   * A WHATWG fetch that leaves from the executor's network (06 section 13.2); needs no `this`. Rejects with a TypeError whose
   * `cause` says what happened, as the platform's does. A body on its way fails with its connection.
   */
  readonly fetch: RemoteFetch;
  readonly #actor: LinkActor;
  readonly #ports: LinkPorts;
  readonly #ways: HttpWays;
  readonly #processes = new Set<RemoteProcessActor>();
  #started = 0;

  /** Made by `connect()`. */
  constructor(actor: LinkActor, ports: LinkPorts) {
    this.#actor = actor;
    this.#ports = ports;
    this.files = new RemoteFiles(actor, ports);
    this.#ways = new HttpWays(actor, ports.lanes === null ? null : new HttpLanes(actor, ports.lanes));
    this.fetch = remoteFetch(actor, this.#ways, ports);
  }

  /** The states of the link, the present one first. */
  get state$(): Observable<LinkState> {
    return this.#actor.state$;
  }

  /** The present state. */
  get state(): LinkState {
    return this.#actor.state;
  }

  /**
   * To be called when the network of this host has changed, where the program can tell: a link that recovers tries again at
   * once, and one that is connected asks for a sign of life (03 D-10). It finds out by itself too, only later.
   */
  networkChanged(): void {
    this.#actor.doubtPath();
  }

  /** Does the executor offer an extension? */
  offers(feature: Feature): boolean {
    return this.#actor.offers(feature);
  }

  /**
   * Makes sure that the executor offers an extension; those that are verbs ask by themselves.
   * @throws UnsupportedError where it does not.
   */
  require(feature: Feature): void {
    this.#actor.require(feature);
  }

  /**
   * What lets somebody else observe this session with `observe()`, and do no more: unlike the id of the session it gives no
   * right to resume it. A secret all the same.
   * @throws UnsupportedError where the executor lets nobody observe.
   */
  get observerKey(): string {
    this.#actor.require("observe");
    const { observerKey } = this.#actor;
    if (observerKey === null) throw new UnsupportedError("observe");
    return observerKey;
  }

  /**
   * What the executor says of its host: the login shell of its user (01 W-52), and what else it tells (07 E-38).
   * @throws ProctorError `timeout` when nothing has come in the time that was given (07 E-39).
   */
  async environmentInfo(options: InfoOptions = {}): Promise<EnvironmentInfo> {
    const { signal, timeoutMs } = options;
    if (timeoutMs === undefined) return this.#actor.call("environment/info", {}, { signal });
    const late = () => new ProctorError("timeout", `no answer to environment/info within ${timeoutMs / 1_000} s`);
    using limit = deadline(this.#ports.clock, timeoutMs, late, signal);
    return await this.#actor.call("environment/info", {}, { signal: limit.signal });
  }

  /**
   * The processes of this session, those of earlier links to it included.
   * @throws UnsupportedError where the executor cannot list them.
   */
  async processes(options: { readonly signal?: AbortSignal } = {}): Promise<ListedProcess[]> {
    this.#actor.require("list");
    return (await this.#actor.call("session/list", {}, { ...options, isRepeatable: true })).processes;
  }

  /**
   * Starts a program, directly and not through a shell. Resolves when the executor's system has started it.
   * @throws RpcError `internalError` when it cannot be started, `invalidParams` for an empty argv, an unusable cwd or a sandbox
   *   that cannot be enforced; UnsupportedError for a `timeLimitMs` where the executor knows no time limits; SandboxError for a
   *   sandbox that means nothing.
   */
  async start(argv: readonly string[], options: StartOptions = {}): Promise<RemoteProcess> {
    if (options.timeLimitMs !== undefined) this.#actor.require("timeLimit");
    // Never the same id twice in a session: a number for people, a random part against other clients of the session.
    this.#started += 1;
    const processId = `${this.#started}-${this.#ports.random.uuid().slice(0, 8)}`;
    const { signal } = options;
    const params = startParams(argv, options, this.#ports.cwd);
    const telemetry = this.#ports.telemetry?.process(processId); // before the start, which belongs to its life
    const actor = new RemoteProcessActor(
      processId,
      params,
      { signal, mayRepeatStart: options.repeatStart ?? false, onGap: options.onGap ?? "fail" },
      this.#actor,
      this.#ports,
    );
    if (telemetry !== undefined) {
      actor.exited.then(
        ({ exitCode }) => telemetry.exited(exitCode),
        (error: unknown) => telemetry.failed(error),
      );
    }
    await actor.started;
    const process = new RemoteProcess(actor, this.#actor, this.#ports.random);
    this.#track(actor);
    if (signal !== undefined) terminateOnAbort(process, actor, signal);
    return process;
  }

  /**
   * Ends the session and with it whatever still runs, and closes the connection; an executor that does not answer delays it
   * by a second (03 D-14). Idempotent.
   */
  async close(): Promise<void> {
    this.#ways.close();
    const { clock } = this.#ports;
    const graceOver = Promise.withResolvers<void>();
    const timer = clock.setTimeout(graceOver.resolve, closeGraceMs);
    await Promise.race([Promise.allSettled(this.#leave()), graceOver.promise]);
    clock.clearTimeout(timer);
    await this.#actor.close();
    await this.#ports.afterClose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Where a session cannot be ended on purpose, at least its processes can. */
  #leave(): Promise<unknown>[] {
    if (this.#actor.state.value !== "Connected") return []; // nobody to tell: the session expires by itself
    if (this.#actor.offers("end")) return [this.#actor.call("session/end", {}, { cleanUp: true })];
    return [...this.#processes].map(({ processId }) =>
      this.#actor.call("process/terminate", { processId }, { cleanUp: true }),
    );
  }

  #track(actor: RemoteProcessActor): void {
    this.#processes.add(actor);
    const forget = () => void this.#processes.delete(actor);
    actor.exited.then(forget, forget);
  }
}

function terminateOnAbort(process: RemoteProcess, actor: RemoteProcessActor, signal: AbortSignal): void {
  // Nobody waits for the answer: the process's end is what the caller will see.
  const abort = () => void process.terminate().catch(() => undefined);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  const forget = () => signal.removeEventListener("abort", abort);
  actor.exited.then(forget, forget);
}
