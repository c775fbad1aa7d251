import { type Observable, Subject } from "rxjs";
import type { EnvironmentStatus } from "../../actors/environment-state.ts";
import { throwFault } from "../../actors/throw-fault.ts";
import { systemClock } from "../../ports/clock.ts";
import { redactUrl } from "../../transports/redact-url.ts";
import { type ConnectOptions, openLink } from "../connect.ts";
import type { Link } from "../link.ts";
import { EnvironmentConfigError } from "./config-error.ts";
import { Environment, type EnvironmentParts } from "./environment.ts";
import {
  type EnvironmentCapabilities,
  type EnvironmentKind,
  type EnvironmentSource,
  kindOf,
  targetOf,
} from "./environment-source.ts";
import { defaultOf, type EnvironmentSnapshot, snapshotIssues, upsertIssues } from "./snapshot.ts";
import { localId } from "./source-rules.ts";
import { UnknownEnvironmentError } from "./unknown-environment-error.ts";

/** How the environments of one orchestrator behave; every member has a default, as those of `connect` have. */
export interface EnvironmentsOptions
  extends Omit<ConnectOptions, "headers" | "connectTimeoutMs" | "initializeTimeoutMs" | "signal"> {
  /** Environments at URLs connect as soon as they are registered (07 E-19). Default `true`; otherwise with their first use. */
  readonly isEager?: boolean | undefined;
}

/** What is made elsewhere, where client and executor meet. */
export interface EnvironmentsParts {
  /** Opens a link to this machine, which belongs to `owner`; the signal gives up. */
  openLocal(signal: AbortSignal, owner: object): Promise<Link>;
  /** Runs when all are closed; `close` waits for it. */
  afterClose(): Promise<void>;
}

/** What has become of an id. */
export interface EnvironmentChange {
  readonly type: "added" | "replaced" | "removed";
  readonly id: string;
}

const everything: EnvironmentCapabilities = { exec: true, filesystem: true, http: true };
const nothing: EnvironmentCapabilities = { exec: false, filesystem: false, http: false };

/**
 * The environments of an orchestrator by their ids, and which of them is taken where none is named (07 section 6). Closing it
 * closes them all, those that were replaced included. Made by `openEnvironments()`.
 */
export class Environments implements AsyncDisposable {
  /** The id of the default; `null`: none, so nothing that needs an environment may be offered (07 E-2). */
  readonly defaultId: string | null;
  /** What becomes of ids from now on; completes when all are closed. */
  readonly changes$: Observable<EnvironmentChange>;
  readonly #options: EnvironmentsOptions;
  readonly #parts: EnvironmentsParts;
  readonly #environments = new Map<string, Environment>();
  /** Those that have lost their id and are not over: somebody may still use what runs there. */
  readonly #replaced = new Set<Environment>();
  readonly #changes = new Subject<EnvironmentChange>();
  readonly #closing = new Set<Promise<void>>();

  /**
   * Made by `openEnvironments()`.
   * @throws EnvironmentConfigError when the snapshot does not fit together; then nothing was started (07 E-13)
   */
  constructor(snapshot: EnvironmentSnapshot, options: EnvironmentsOptions, parts: EnvironmentsParts) {
    const issues = snapshotIssues(snapshot);
    if (issues.length > 0) throw new EnvironmentConfigError(issues);
    this.#options = options;
    this.#parts = parts;
    this.defaultId = defaultOf(snapshot);
    this.changes$ = this.#changes.asObservable();
    for (const { id, ...source } of snapshot.environments) this.#environments.set(id, this.#remote(id, source));
    if (snapshot.includeLocal !== false) this.#environments.set(localId, this.#local());
    for (const environment of this.#environments.values()) this.#begin(environment);
  }

  /** The ids, the default first, then as they were added; also without a default. */
  get ids(): readonly string[] {
    const ids = [...this.#environments.keys()];
    const first = ids.filter((id) => id === this.defaultId);
    return [...first, ...ids.filter((id) => id !== this.defaultId)];
  }

  /** The one that is taken where none is named. */
  get default(): Environment | undefined {
    return this.defaultId === null ? undefined : this.#environments.get(this.defaultId);
  }

  /** This machine, where it is one of them. */
  get local(): Environment | undefined {
    return this.#environments.get(localId);
  }

  /** The default, else this machine. */
  get defaultOrLocal(): Environment | undefined {
    return this.default ?? this.local;
  }

  /** The one of this id. */
  get(id: string): Environment | undefined {
    return this.#environments.get(id);
  }

  /** The one of this id. @throws UnknownEnvironmentError */
  require(id: string): Environment {
    const environment = this.#environments.get(id);
    if (environment === undefined) throw new UnknownEnvironmentError(id, this.ids);
    return environment;
  }

  /** Whether the one of this id can be used, as far as it is known here; `unknown` where there is none (07 E-40). */
  status(id: string): EnvironmentStatus | { readonly status: "unknown"; readonly error: string } {
    return this.get(id)?.status() ?? { status: "unknown", error: `unknown environment id \`${id}\`` };
  }

  /**
   * Adds an environment, or puts it in the place of another, and lets it connect if it is eager. The default stays what it is.
   * The one that was there before is given up where it had not come about; where it had, whoever holds it keeps it,
   * until it or all of them are closed (07 E-18).
   * @throws EnvironmentConfigError for an id or a source that the file could not have either (07 E-15)
   */
  upsert(id: string, source: EnvironmentSource): Environment {
    const issues = upsertIssues(id, source);
    if (issues.length > 0) throw new EnvironmentConfigError(issues);
    const before = this.#environments.get(id);
    const environment = this.#remote(id, source);
    this.#environments.set(id, environment);
    if (before !== undefined) this.#replace(before);
    this.#begin(environment);
    this.#changes.next({ type: before === undefined ? "added" : "replaced", id });
    return environment;
  }

  /** Closes the environment of this id, and forgets it. Tells whether there was one. The id of the default stays what it is. */
  remove(id: string): boolean {
    const environment = this.#environments.get(id);
    if (environment === undefined) return false;
    this.#environments.delete(id);
    this.#close(environment);
    this.#changes.next({ type: "removed", id });
    return true;
  }

  /** Closes them all: sessions end, and with them what runs there; programs over stdio end too. Idempotent. */
  async close(): Promise<void> {
    for (const environment of [...this.#environments.values(), ...this.#replaced]) this.#close(environment);
    this.#environments.clear();
    this.#changes.complete();
    await Promise.all(this.#closing);
    await this.#parts.afterClose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #remote(id: string, source: EnvironmentSource): Environment {
    const kind = kindOf(source);
    if ("disabled" in source) return this.#made(id, kind, "nowhere", nothing, () => never());
    const { connectTimeoutMs } = { connectTimeoutMs: undefined, ...source };
    const headers = "headers" in source ? source.headers : undefined;
    const { initializeTimeoutMs, capabilities } = source;
    const open: EnvironmentParts["open"] = (purpose, signal, ownedBy) =>
      openLink(
        targetOf(source),
        { ...this.#options, connectTimeoutMs, initializeTimeoutMs, headers, purpose, signal, ownedBy },
        () => Promise.resolve(),
      );
    return this.#made(id, kind, locationOf(source), { ...everything, ...capabilities }, open);
  }

  #local(): Environment {
    const open: EnvironmentParts["open"] = (_, signal, owner) => this.#parts.openLocal(signal, owner);
    return this.#made(localId, "local", "this machine", everything, open);
  }

  #made(
    id: string,
    kind: EnvironmentKind,
    location: string,
    capabilities: EnvironmentCapabilities,
    open: EnvironmentParts["open"],
  ): Environment {
    const { clock = systemClock, onInspection, watch, onFault = throwFault } = this.#options;
    return new Environment({ id, kind, location, capabilities, open, clock, onInspection, watch, onFault });
  }

  /** A program, and what is local, wait for their first use. */
  #begin(environment: Environment): void {
    const { isEager = true } = this.#options;
    if (isEager && ["websocket", "provider", "custom"].includes(environment.kind)) environment.connect();
  }

  #replace(environment: Environment): void {
    if (environment.release()) return this.#close(environment);
    this.#replaced.add(environment);
    environment.state$.subscribe({ complete: () => this.#replaced.delete(environment) });
  }

  #close(environment: Environment): void {
    const closed = environment.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}

function locationOf(source: Exclude<EnvironmentSource, { readonly disabled: true }>): string {
  if ("url" in source) return redactUrl(source.url.trim());
  if ("program" in source) return source.program.trim();
  return "provider" in source ? "a URL for each connection" : "a way of its own";
}

/** A disabled environment opens nothing: its machine never asks for it. */
function never(): Promise<never> {
  return Promise.reject(new Error("a disabled environment was opened"));
}
