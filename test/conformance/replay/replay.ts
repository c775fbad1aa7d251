import { setTimeout as pause } from "node:timers/promises";
import { type Deviation, deviationsOf } from "../deviations.ts";
import { type Fixture, layFixture, RECORDED_FOLDER } from "../fixtures/fixture.ts";
import { interventions } from "../fixtures/interventions.ts";
import { checkRemark } from "../fixtures/remarks.ts";
import { notOffered } from "../not-replayed.ts";
import { Arrivals } from "../peer/arrivals.ts";
import { httpExchange } from "../peer/http-exchange.ts";
import { isObject, type Json, type JsonObject } from "../peer/message.ts";
import { isAlive, killNow } from "../peer/process-tree.ts";
import { type RunningServer, type ServerKind, startServer } from "../peer/server.ts";
import {
  type BirthTime,
  differences,
  errorDifferences,
  expectedEnvironmentInfo,
  listingDifferences,
  metadataDifferences,
  show,
} from "./match-answer.ts";
import { httpDifferences } from "./match-http.ts";
import { chunksOf, nextSeqDifferences, type ReadAnswers, readDifferences } from "./match-read.ts";
import { connectionDifferences, lifeDifferences } from "./match-whole.ts";
import { ProcessBook } from "./process-book.ts";
import { ReplayConnection } from "./replay-connection.ts";
import { Substitution } from "./substitution.ts";
import { readTolerances, type Tolerances } from "./tolerances.ts";
import type { Line, Transcript } from "./transcript.ts";

type LineOf<Kind extends Line["kind"]> = Line & { readonly kind: Kind };

/** The uid that the recordings ran an unprivileged server as. */
const NOBODY = 65534;

/**
 * Replays a recorded session against a fresh server and compares what comes back by shape. Throws one error that lists
 * everything that differs; resolves where nothing does.
 */
export async function replay(transcript: Transcript, kind: ServerKind): Promise<void> {
  await using fixture = await layFixture(transcript);
  await using server = await startServer(kind, {
    transport: transcript.transport,
    env: transcript.serverEnv,
    ...(transcript.unprivileged && { uid: NOBODY }),
  });
  const run = new Replay(transcript, server, fixture);
  try {
    await run.play();
  } catch (error) {
    run.report(`broken off: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    run.end();
  }
  if (run.faults.length === 0) return;
  const diagnostics = server.diagnostics();
  throw new Error(
    [`${transcript.name} against ${kind}:`, ...run.faults, ...(diagnostics ? [`stderr: ${diagnostics}`] : [])].join(
      "\n",
    ),
  );
}

class Replay {
  readonly faults: string[] = [];
  readonly #transcript: Transcript;
  readonly #server: RunningServer;
  readonly #fixture: Fixture;
  readonly #tolerances: Tolerances;
  readonly #deviations: readonly Deviation[];
  readonly #names = new Substitution();
  readonly #book = new ProcessBook();
  readonly #arrivals = new Arrivals();
  readonly #connections = new Map<string, ReplayConnection>();
  readonly #expectedOrder = new Map<string, string[]>();
  readonly #reads: { readonly line: number; readonly answers: ReadAnswers }[] = [];
  readonly #occurrences = new Map<string, number>();
  readonly #strays = new Set<number>();
  #outstanding: (LineOf<"answer"> | LineOf<"control"> | LineOf<"notification">)[] = [];
  #at = 0;

  constructor(transcript: Transcript, server: RunningServer, fixture: Fixture) {
    this.#transcript = transcript;
    this.#server = server;
    this.#fixture = fixture;
    this.#tolerances = readTolerances(transcript.tolerate);
    this.#deviations = deviationsOf(server.kind, transcript.name);
    for (const [recorded, actual] of fixture.names) this.#names.add(recorded, actual);
    if (transcript.name === "fs-canonicalize") this.#names.add("/home/u", server.home);
  }

  /** Notes something that differs. */
  report(...faults: readonly string[]): void {
    this.faults.push(...faults.map((fault) => `  line ${this.#at}: ${fault}`));
  }

  /** Drops everything that is still open, and ends what outlived the server's care. */
  end(): void {
    for (const { peer } of this.#connections.values()) if ("drop" in peer) peer.drop();
    for (const pid of this.#strays) killNow(pid);
  }

  async play(): Promise<void> {
    for (const line of this.#transcript.lines) {
      this.#at = line.number;
      await this.#step(line);
    }
    await this.#settle();
    for (const connection of this.#connections.values()) if (!connection.isOver) await this.#probe(connection);
    this.#compareWhole();
  }

  async #step(line: Line): Promise<void> {
    switch (line.kind) {
      case "send":
        return this.#send(line);
      case "notification":
        this.#book.record(this.#sessionOf(line.conn), line.method, line.params);
        this.#outstanding.push(line);
        return;
      case "answer":
        this.#orderOf(line.conn).push(line.id);
        this.#outstanding.push(line);
        return;
      case "control":
        this.#outstanding.push(line);
        return;
      case "http-answer":
        return; // compared with its request
      case "event":
        return this.#event(line);
      case "remark":
        await this.#settle();
        return this.#remark(line.text);
    }
  }

  // ---- sending

  async #send(line: LineOf<"send">): Promise<void> {
    if (line.frame === "http") return this.#exchange(line);
    await this.#settle();
    this.#at = line.number;
    const connection = this.#connection(line.conn);
    const { request } = line;
    const processId = request?.method === "process/start" ? processIdOf(request.params) : undefined;
    if (processId !== undefined && connection.session) this.#book.starting(connection.session, processId);
    if (request) await interventions[this.#transcript.name]?.[request.id]?.(this.#fixture.folder);
    connection.send(line);
  }

  async #exchange(line: LineOf<"send">): Promise<void> {
    const { lines } = this.#transcript;
    const answer = lines.slice(lines.indexOf(line)).find((other) => other.kind === "http-answer");
    if (answer?.kind !== "http-answer") throw new Error("the recorded exchange has no answer");
    const request = line.payload.toString().replaceAll("\n", "\r\n");
    this.report(...httpDifferences(answer.text, await httpExchange(this.#server.url, request)));
  }

  // ---- notes

  async #event({ event, details, conn }: LineOf<"event">): Promise<void> {
    if (event === "open") {
      const surroundings = { book: this.#book, names: this.#names, arrivals: this.#arrivals };
      this.#connections.set(conn, await ReplayConnection.open(conn, this.#server, surroundings));
    } else if (event === "wait") await pause(Number(details.ms));
    else if (event === "closed") {
      await this.#settle();
      if (details.by === "client") this.#connection(conn).webSocket.drop();
      else await this.#expectEnd(this.#connection(conn), details);
      this.#connection(conn).isOver = true;
    } else if (event === "client-closes-stdin") {
      await this.#settle();
      const { peer } = this.#connection(conn);
      if (!("closeStdin" in peer)) throw new Error("only stdio has a stdin");
      peer.closeStdin();
      this.#connection(conn).isOver = true;
    } else if (event === "server-exit") {
      const seen = await Promise.race([this.#server.exited, pause(2_000, undefined, { ref: false })]);
      if (!seen) throw new Error("the server has not ended within 2 s");
      this.report(...differences(details, { ...seen }, "exit"));
    } else if (typeof details.alive === "boolean") {
      await this.#settle();
      await this.#expectAlive(event, details.alive);
    } else throw new Error(`the recording has a note that cannot be replayed: ${event}`);
  }

  async #expectEnd(connection: ReplayConnection, details: JsonObject): Promise<void> {
    const alternatives = this.#deviations.filter(
      (deviation) => deviation.kind === "stays-open" && deviation.conn === connection.name,
    );
    const answered = () => alternatives.find((other) => other.kind === "stays-open" && connection.hasAnswer(other.id));
    const { arrivals } = connection.webSocket;
    const settled = () => connection.hasEnded || answered() !== undefined;
    await arrivals.until(settled, () => `connection ${connection.name} has not been ended by the server`, 2_000);
    const better = answered();
    if (better?.kind === "stays-open") {
      const body = connection.takeAnswer(better.id) ?? {};
      this.#orderOf(connection.name).push(better.id);
      if (better.answer === "result") this.report(...(isObject(body.result) ? [] : [`answered ${show(body)}`]));
      else this.report(...differences({ code: better.answer }, body.error, "error"));
      return;
    }
    const end = connection.webSocket.end;
    if (this.#tolerances.closeStyle || !end) return;
    if (end.closeFrame) this.report(`connection ${connection.name} got a close frame ${show(end.closeFrame)}`);
    const how = details.how === "tcp-end" ? "fin" : "reset";
    if (end.how !== how) this.report(`connection ${connection.name} ended by ${end.how}, recorded ${how}`);
  }

  /** The state of the process whose pid is the last number that any process has printed on a line of its own. */
  async #expectAlive(event: string, recorded: boolean): Promise<void> {
    const occurrence = (this.#occurrences.get(event) ?? 0) + 1;
    this.#occurrences.set(event, occurrence);
    const better = this.#deviations.find(
      (other) => other.kind === "alive" && other.event === event && other.occurrence === occurrence,
    );
    const pid = this.#printedPid();
    this.#strays.add(pid);
    const wanted = better?.kind === "alive" && better.demand === "must" ? better.alive : recorded;
    // A kill needs a moment to take effect; being alive has to be true at once.
    const deadline = performance.now() + 1_000;
    while (!wanted && isAlive(pid) && performance.now() < deadline) await pause(5);
    const seen = isAlive(pid);
    if (seen === wanted || (better?.kind === "alive" && better.alive === seen)) return;
    this.report(`${event} is ${seen}, expected ${wanted}`);
  }

  #printedPid(): number {
    const printed = [...this.#book.lives()].flatMap(({ seen }) =>
      [...seen.chunks.values()].flatMap(({ bytes }) => /^(\d+)\n$/.exec(bytes.toString())?.[1] ?? []),
    );
    const pid = Number(printed.at(-1));
    if (!pid) throw new Error("no process has printed a pid");
    return pid;
  }

  async #remark(text: string): Promise<void> {
    const better = this.#deviations.find((other) => other.kind === "remark" && other.recorded === text);
    const wanted = better?.kind === "remark" ? better.instead : text;
    this.report(...(await checkRemark(wanted, this.#transcript, this.#at, this.#fixture.folder)));
  }

  // ---- what came back

  /** Waits until every recorded line so far has its counterpart, and compares the answers. */
  async #settle(): Promise<void> {
    const outstanding = this.#outstanding;
    this.#outstanding = [];
    for (const line of outstanding) {
      this.#at = line.number;
      if (line.kind === "answer") await this.#expectAnswer(line);
      else if (line.kind === "control") await this.#expectControl(line);
    }
    const last = outstanding.findLast((line) => line.kind === "notification");
    if (last)
      await this.#connection(last.conn).until(
        () => this.#hasCaughtUp() || this.#allEnded(),
        () => this.#lag(),
      );
    if (!this.#hasCaughtUp()) throw new Error(this.#lag());
  }

  #allEnded(): boolean {
    return [...this.#connections.values()].every((connection) => connection.hasEnded);
  }

  #hasCaughtUp(): boolean {
    return this.#lag() === "";
  }

  /** What the recording has heard of processes and we have not; empty where there is nothing. */
  #lag(): string {
    const missing: string[] = [];
    for (const { recorded, seen } of this.#book.lives()) {
      const { processId } = recorded;
      if (recorded.exit && !seen.exit) missing.push(`no exit of ${processId}`);
      if (recorded.closedSeq !== undefined && seen.closedSeq === undefined) missing.push(`no close of ${processId}`);
      const isOver = seen.closedSeq !== undefined;
      const wanted = this.#tolerances.anyBytes(processId) ? Math.min(1, recorded.byteCount) : recorded.byteCount;
      if (seen.byteCount < wanted && !isOver) missing.push(`${seen.byteCount} of ${wanted} bytes of ${processId}`);
    }
    return missing.join(", ");
  }

  async #expectAnswer(line: LineOf<"answer">): Promise<void> {
    const connection = this.#connection(line.conn);
    const missing = () => `request ${line.id} on ${line.conn} has no answer; recorded ${show(line.body)}`;
    await connection.until(() => connection.hasAnswer(line.id) || connection.hasEnded, missing);
    const body = connection.takeAnswer(line.id);
    if (!body) throw new Error(`${missing()}; the connection has ended`);
    const request = connection.requests.get(line.id);
    const processId = request?.method === "process/start" ? processIdOf(request.params) : undefined;
    const { session } = connection;
    if (session && processId !== undefined && "error" in body) this.#book.startRefused(session, processId);
    const faults = this.#compareAnswer(line, body, connection);
    if (request && notOffered[this.#server.kind].has(request.method)) {
      return this.report(...differences({ code: -32601 }, body.error, `error for ${request.method}`));
    }
    const better = this.#deviations.find(
      (other) => (other.kind === "error" || other.kind === "started") && other.id === line.id,
    );
    if (!better) return this.report(...faults);
    if (faults.length === 0 && better.demand === "may") return;
    if (better.kind === "error") {
      const wrong = differences({ code: better.code }, body.error, "error");
      this.report(...wrong.map((fault) => `${fault} (${better.rule}: ${better.why}); answered ${show(body)}`));
      if (session && processId !== undefined) this.#book.waive(session, processId);
    } else if (better.kind === "started" && session) await this.#expectStarted(better, body, connection, session);
  }

  async #expectStarted(
    better: Deviation & { readonly kind: "started" },
    body: JsonObject,
    connection: ReplayConnection,
    session: string,
  ): Promise<void> {
    this.report(...differences({ processId: better.processId }, body.result));
    const { seen } = this.#book.current(session, better.processId);
    await connection.until(
      () => seen.closedSeq !== undefined,
      () => `no close of ${better.processId}`,
    );
    const output = Buffer.concat([...seen.chunks.values()].map(({ bytes }) => bytes)).toString();
    this.report(
      ...differences({ output: better.output, code: 0 }, { output, code: seen.exit?.code ?? null }, "process"),
    );
    this.#book.waive(session, better.processId);
  }

  #compareAnswer(line: LineOf<"answer">, seen: JsonObject, connection: ReplayConnection): string[] {
    const recorded = line.body;
    if (isObject(recorded.error)) {
      if (!isObject(seen.error)) return [`answered ${show(seen)}, recorded ${show(recorded)}`];
      return errorDifferences(recorded.error, seen.error, this.#isAboutFiles);
    }
    if (!isObject(recorded.result)) throw new Error(`no result: ${show(recorded)}`);
    if (!isObject(seen.result)) return [`answered ${show(seen)}, recorded ${show(recorded)}`];
    const { method, params } = connection.requests.get(line.id) ?? { method: "", params: null };
    switch (method) {
      case "initialize":
        return this.#compareSession(recorded.result, seen.result, connection);
      case "environment/info":
        return differences(expectedEnvironmentInfo(), seen.result);
      case "process/read":
        return this.#compareRead(line, recorded.result, seen.result, params);
      case "fs/getMetadata":
        return metadataDifferences(recorded.result, seen.result, this.#birthTimeOf(params));
      case "fs/readDirectory":
        return listingDifferences(recorded.result, seen.result);
    }
    if (!this.#tolerances.anyStatus(line.id)) return differences(recorded.result, seen.result);
    const { status: _, running: __, ...rest } = recorded.result;
    return differences(rest, seen.result);
  }

  /** The folder of the fixture lies on a file system that knows birth times; the recordings ask about others too. */
  #birthTimeOf(params: Json): BirthTime {
    if (!this.#deviations.some((other) => other.kind === "birth-time")) return "never";
    const isOurs = isObject(params) && String(params.path).startsWith(`file://${RECORDED_FOLDER}/`);
    return isOurs ? "always" : "where known";
  }

  get #isAboutFiles(): boolean {
    return this.#transcript.name.startsWith("fs-");
  }

  #compareRead(line: LineOf<"answer">, recorded: JsonObject, seen: JsonObject, params: Json): string[] {
    const life = this.#book.current(this.#sessionOf(line.conn), processIdOf(params) ?? "");
    for (const chunk of chunksOf(recorded)) life.recorded.addRead(chunk);
    for (const chunk of chunksOf(seen)) life.seen.addRead(chunk);
    const answers = { id: line.id, params, recorded, seen, life };
    this.#reads.push({ line: line.number, answers });
    return readDifferences(answers, this.#tolerances);
  }

  /** A new session gets the recorded id as its name here; a resumed one must be the one that has that name. */
  #compareSession(recorded: JsonObject, seen: JsonObject, connection: ReplayConnection): string[] {
    const { sessionId: name, ...rest } = recorded;
    const wrong = differences(rest, seen);
    if (typeof name !== "string" || typeof seen.sessionId !== "string") return [...wrong, `no session: ${show(seen)}`];
    const isNew = this.#names.actualOf(name) === undefined;
    if (isNew) this.#names.add(name, seen.sessionId);
    // What is received is translated to recorded names, so a session that was resumed shows its recorded id.
    else if (seen.sessionId !== name) wrong.push(`the session is ${seen.sessionId}, not the one resumed`);
    connection.session = name;
    return wrong;
  }

  async #expectControl(line: LineOf<"control">): Promise<void> {
    const { webSocket } = this.#connection(line.conn);
    const find = () =>
      webSocket.controls.findIndex(({ kind, payload }) => kind === line.frame && payload === line.payload);
    await webSocket.arrivals.until(
      () => find() >= 0,
      () => `no ${line.frame} with ${show(line.payload)}`,
    );
    webSocket.controls.splice(find(), 1);
  }

  // ---- the whole

  /** A connection that the recording leaves open still answers; what was on its way before has arrived by then. */
  async #probe(connection: ReplayConnection): Promise<void> {
    const id = JSON.stringify("probe");
    const request = { id, method: "conformance/probe", params: null };
    const payload = Buffer.from(`{"id":${id},"method":"conformance/probe"}`);
    connection.send({ number: this.#at, conn: connection.name, kind: "send", frame: undefined, payload, request });
    const missing = () => `connection ${connection.name} does not answer any more`;
    await connection.until(() => connection.hasAnswer(id) || connection.hasEnded, missing);
    const body = connection.takeAnswer(id);
    if (!body) return this.report(`connection ${connection.name} was ended by the server, but not in the recording`);
    this.#orderOf(connection.name).push(id);
    this.report(...differences({ code: -32601 }, body.error, "error"));
  }

  #compareWhole(): void {
    for (const { line, answers } of this.#reads) {
      this.#at = line;
      this.report(...nextSeqDifferences(answers, this.#tolerances));
    }
    for (const { recorded, seen } of this.#book.lives()) {
      const output = (kind: "silent" | "line-order") =>
        this.#deviations.some((other) => other.kind === kind && other.processId === recorded.processId);
      const allowed = { silence: output("silent"), anyLineOrder: output("line-order") };
      this.report(...lifeDifferences(recorded, seen, this.#tolerances, allowed));
    }
    for (const connection of this.#connections.values()) {
      this.report(...connectionDifferences(connection, this.#orderOf(connection.name), this.#tolerances));
    }
    const { url } = this.#server;
    if (url && this.#server.output() !== `${url}\n`) this.report(`stdout was ${show(this.#server.output())}`);
  }

  // ---- bookkeeping

  #connection(name: string): ReplayConnection {
    const connection = this.#connections.get(name);
    if (!connection) throw new Error(`connection ${name} is not open`);
    return connection;
  }

  #sessionOf(conn: string): string {
    const { session } = this.#connection(conn);
    if (session === undefined) throw new Error(`connection ${conn} has no session yet`);
    return session;
  }

  #orderOf(conn: string): string[] {
    const order = this.#expectedOrder.get(conn) ?? [];
    this.#expectedOrder.set(conn, order);
    return order;
  }
}

function processIdOf(params: Json): string | undefined {
  return isObject(params) && typeof params.processId === "string" ? params.processId : undefined;
}
