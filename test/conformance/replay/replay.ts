import { setTimeout as pause } from "node:timers/promises";
import { layFixture } from "../fixtures/fixture.ts";
import { interventions } from "../fixtures/interventions.ts";
import { checkRemark } from "../fixtures/remarks.ts";
import { httpExchange } from "../peer/http-exchange.ts";
import { type ServerKind, startServer } from "../peer/server.ts";
import { AnswerCheck } from "./answer-check.ts";
import { expectEnd } from "./expect-end.ts";
import { differences, show } from "./match-answer.ts";
import { httpDifferences } from "./match-http.ts";
import { connectionDifferences, lifeDifferences } from "./match-whole.ts";
import { PrintedProcesses } from "./printed-process.ts";
import { ReplayConnection } from "./replay-connection.ts";
import { ReplayContext } from "./replay-context.ts";
import { type Line, type LineOf, processIdOf, type Transcript } from "./transcript.ts";

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
  const context = new ReplayContext(transcript, server, fixture);
  const run = new Replay(context);
  try {
    await run.play();
  } catch (error) {
    context.report(`broken off: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    run.end();
  }
  if (context.faults.length === 0) return;
  const diagnostics = server.diagnostics();
  if (diagnostics) context.faults.push(`  stderr: ${diagnostics}`);
  throw new Error([`${transcript.name} against ${kind}:`, ...context.faults].join("\n"));
}

/** Goes through the lines of a recording in order. */
class Replay {
  readonly #context: ReplayContext;
  readonly #answers: AnswerCheck;
  readonly #printed: PrintedProcesses;
  readonly #connections = new Map<string, ReplayConnection>();
  #outstanding: (LineOf<"answer"> | LineOf<"control"> | LineOf<"notification">)[] = [];

  constructor(context: ReplayContext) {
    this.#context = context;
    this.#answers = new AnswerCheck(context);
    this.#printed = new PrintedProcesses(context);
  }

  /** Drops everything that is still open, and ends what outlived the server's care. */
  end(): void {
    for (const { peer } of this.#connections.values()) if ("drop" in peer) peer.drop();
    this.#printed.killAll();
  }

  async play(): Promise<void> {
    for (const line of this.#context.transcript.lines) {
      this.#context.at = line.number;
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
        this.#context.book.record(this.#connection(line.conn).knownSession, line.method, line.params);
        this.#outstanding.push(line);
        return;
      case "answer":
        this.#context.orderOf(line.conn).push(line.id);
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

  async #send(line: LineOf<"send">): Promise<void> {
    if (line.frame === "http") return this.#exchange(line);
    await this.#settle();
    this.#context.at = line.number;
    const connection = this.#connection(line.conn);
    const { request } = line;
    const processId = request?.method === "process/start" ? processIdOf(request.params) : undefined;
    if (processId !== undefined && connection.session) this.#context.book.starting(connection.session, processId);
    if (request) await interventions[this.#context.transcript.name]?.[request.id]?.(this.#context.fixture.folder);
    connection.send(line);
  }

  async #exchange(line: LineOf<"send">): Promise<void> {
    const { lines } = this.#context.transcript;
    const answer = lines.slice(lines.indexOf(line)).find((other) => other.kind === "http-answer");
    if (answer?.kind !== "http-answer") throw new Error("the recorded exchange has no answer");
    const request = line.payload.toString().replaceAll("\n", "\r\n");
    this.#context.report(...httpDifferences(answer.text, await httpExchange(this.#context.server.url, request)));
  }

  async #event({ event, details, conn }: LineOf<"event">): Promise<void> {
    if (event === "open") {
      this.#connections.set(conn, await ReplayConnection.open(conn, this.#context.server, this.#context));
    } else if (event === "wait") await pause(Number(details.ms));
    else if (event === "closed") {
      await this.#settle();
      if (details.by === "client") this.#connection(conn).webSocket.drop();
      else await expectEnd(this.#context, this.#connection(conn), details);
      this.#connection(conn).isOver = true;
    } else if (event === "client-closes-stdin") {
      await this.#settle();
      const { peer } = this.#connection(conn);
      if (!("closeStdin" in peer)) throw new Error("only stdio has a stdin");
      peer.closeStdin();
      this.#connection(conn).isOver = true;
    } else if (event === "server-exit") {
      const seen = await Promise.race([this.#context.server.exited, pause(2_000, undefined, { ref: false })]);
      if (!seen) throw new Error("the server has not ended within 2 s");
      this.#context.report(...differences(details, { ...seen }, "exit"));
    } else if (typeof details.alive === "boolean") {
      await this.#settle();
      await this.#printed.expect(event, details.alive);
    } else throw new Error(`the recording has a note that cannot be replayed: ${event}`);
  }

  async #remark(text: string): Promise<void> {
    const better = this.#context.deviations.find((other) => other.kind === "remark" && other.recorded === text);
    const wanted = better?.kind === "remark" ? better.instead : text;
    this.#context.report(
      ...(await checkRemark(wanted, this.#context.transcript, this.#context.at, this.#context.fixture.folder)),
    );
  }

  /** Waits until every recorded line so far has its counterpart, and compares the answers. */
  async #settle(): Promise<void> {
    const outstanding = this.#outstanding;
    this.#outstanding = [];
    for (const line of outstanding) {
      this.#context.at = line.number;
      if (line.kind === "answer") await this.#answers.expect(line, this.#connection(line.conn));
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
    for (const { recorded, seen } of this.#context.book.lives()) {
      const { processId } = recorded;
      if (recorded.exit && !seen.exit) missing.push(`no exit of ${processId}`);
      if (recorded.closedSeq !== undefined && seen.closedSeq === undefined) missing.push(`no close of ${processId}`);
      const isOver = seen.closedSeq !== undefined;
      const most = Math.min(
        recorded.byteCount,
        this.#context.printedInstead(processId)?.output.length ?? Number.POSITIVE_INFINITY,
      );
      const wanted = this.#context.tolerances.anyBytes(processId) ? Math.min(1, most) : most;
      if (seen.byteCount < wanted && !isOver) missing.push(`${seen.byteCount} of ${wanted} bytes of ${processId}`);
    }
    return missing.join(", ");
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

  /** A connection that the recording leaves open still answers; what was on its way before has arrived by then. */
  async #probe(connection: ReplayConnection): Promise<void> {
    const id = JSON.stringify("probe");
    const request = { id, method: "conformance/probe", params: null };
    const payload = Buffer.from(`{"id":${id},"method":"conformance/probe"}`);
    connection.send({
      number: this.#context.at,
      conn: connection.name,
      kind: "send",
      frame: undefined,
      payload,
      request,
    });
    const missing = () => `connection ${connection.name} does not answer any more`;
    await connection.until(() => connection.hasAnswer(id) || connection.hasEnded, missing);
    const body = connection.takeAnswer(id);
    if (!body)
      return this.#context.report(`connection ${connection.name} was ended by the server, but not in the recording`);
    this.#context.orderOf(connection.name).push(id);
    this.#context.report(...differences({ code: -32601 }, body.error, "error"));
  }

  #compareWhole(): void {
    this.#answers.finish();
    for (const { recorded, seen } of this.#context.book.lives()) {
      const output = (kind: "silent" | "line-order") =>
        this.#context.deviations.some((other) => other.kind === kind && other.processId === recorded.processId);
      const allowed = {
        silence: output("silent"),
        anyLineOrder: output("line-order"),
        output: this.#context.printedInstead(recorded.processId)?.output,
      };
      this.#context.report(...lifeDifferences(recorded, seen, this.#context.tolerances, allowed));
    }
    for (const connection of this.#connections.values()) {
      this.#context.report(
        ...connectionDifferences(connection, this.#context.orderOf(connection.name), this.#context.tolerances),
      );
    }
    const { url } = this.#context.server;
    if (url && this.#context.server.output() !== `${url}\n`)
      this.#context.report(`stdout was ${show(this.#context.server.output())}`);
  }

  #connection(name: string): ReplayConnection {
    const connection = this.#connections.get(name);
    if (!connection) throw new Error(`connection ${name} is not open`);
    return connection;
  }
}
