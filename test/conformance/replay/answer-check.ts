import type { Deviation } from "../deviations.ts";
import { RECORDED_FOLDER } from "../fixtures/fixture.ts";
import { notOffered } from "../not-replayed.ts";
import { isObject, type Json, type JsonObject } from "../peer/message.ts";
import {
  type BirthTime,
  differences,
  errorDifferences,
  expectedEnvironmentInfo,
  listingDifferences,
  metadataDifferences,
  show,
} from "./match-answer.ts";
import { chunksOf, nextSeqDifferences, type ReadAnswers, readDifferences } from "./match-read.ts";
import type { ReplayConnection } from "./replay-connection.ts";
import type { ReplayContext } from "./replay-context.ts";
import { type LineOf, processIdOf } from "./transcript.ts";

/** Compares the answers of the server under test with the recorded ones, by method. */
export class AnswerCheck {
  readonly #context: ReplayContext;
  readonly #reads: { readonly line: number; readonly answers: ReadAnswers }[] = [];

  constructor(context: ReplayContext) {
    this.#context = context;
  }

  /** Waits for the counterpart of a recorded answer and compares the two. */
  async expect(line: LineOf<"answer">, connection: ReplayConnection): Promise<void> {
    const missing = () => `request ${line.id} on ${line.conn} has no answer; recorded ${show(line.body)}`;
    await connection.until(() => connection.hasAnswer(line.id) || connection.hasEnded, missing);
    const body = connection.takeAnswer(line.id);
    if (!body) throw new Error(`${missing()}; the connection has ended`);
    const request = connection.requests.get(line.id);
    const processId = request?.method === "process/start" ? processIdOf(request.params) : undefined;
    const { session } = connection;
    if (session && processId !== undefined && "error" in body) this.#context.book.startRefused(session, processId);
    const faults = this.#compareAnswer(line, body, connection);
    if (request && notOffered[this.#context.server.kind].has(request.method)) {
      return this.#context.report(...differences({ code: -32601 }, body.error, `error for ${request.method}`));
    }
    const better = this.#context.deviations.find(
      (other) =>
        (other.kind === "error" || other.kind === "result" || other.kind === "started") && other.id === line.id,
    );
    if (!better) return this.#context.report(...faults);
    if (faults.length === 0 && better.demand === "may") return;
    if (better.kind === "result") {
      const wrong = differences(better.result, body.result);
      this.#context.report(...wrong.map((fault) => `${fault} (${better.rule}: ${better.why})`));
    } else if (better.kind === "error") {
      const wrong = differences({ code: better.code }, body.error, "error");
      this.#context.report(...wrong.map((fault) => `${fault} (${better.rule}: ${better.why}); answered ${show(body)}`));
      if (session && processId !== undefined) this.#context.book.waive(session, processId);
    } else if (better.kind === "started" && session) await this.#expectStarted(better, body, connection, session);
  }

  async #expectStarted(
    better: Deviation & { readonly kind: "started" },
    body: JsonObject,
    connection: ReplayConnection,
    session: string,
  ): Promise<void> {
    this.#context.report(...differences({ processId: better.processId }, body.result));
    const { seen } = this.#context.book.current(session, better.processId);
    await connection.until(
      () => seen.closedSeq !== undefined,
      () => `no close of ${better.processId}`,
    );
    const output = Buffer.concat([...seen.chunks.values()].map(({ bytes }) => bytes)).toString();
    this.#context.report(
      ...differences({ output: better.output, code: 0 }, { output, code: seen.exit?.code ?? null }, "process"),
    );
    this.#context.book.waive(session, better.processId);
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
        return this.#compareRead(line, recorded.result, seen.result, params, connection);
      case "fs/getMetadata":
        return metadataDifferences(recorded.result, seen.result, this.#birthTimeOf(params));
      case "fs/readDirectory":
        return listingDifferences(recorded.result, seen.result);
    }
    if (!this.#context.tolerances.anyStatus(line.id)) return differences(recorded.result, seen.result);
    const { status: _, running: __, ...rest } = recorded.result;
    return differences(rest, seen.result);
  }

  /** The folder of the fixture lies on a file system that knows birth times; the recordings ask about others too. */
  #birthTimeOf(params: Json): BirthTime {
    if (!this.#context.deviations.some((other) => other.kind === "birth-time")) return "never";
    const isOurs = isObject(params) && String(params.path).startsWith(`file://${RECORDED_FOLDER}/`);
    return isOurs ? "always" : "where known";
  }

  get #isAboutFiles(): boolean {
    return this.#context.transcript.name.startsWith("fs-");
  }

  #compareRead(
    line: LineOf<"answer">,
    recorded: JsonObject,
    seen: JsonObject,
    params: Json,
    connection: ReplayConnection,
  ): string[] {
    const life = this.#context.book.current(connection.knownSession, processIdOf(params) ?? "");
    for (const chunk of chunksOf(recorded)) life.recorded.addRead(chunk);
    for (const chunk of chunksOf(seen)) life.seen.addRead(chunk);
    const answers = { id: line.id, params, recorded, seen, life };
    this.#reads.push({ line: line.number, answers });
    const endedBy = this.#context.printedInstead(processIdOf(params) ?? "")?.endedBy;
    if (endedBy !== undefined && Number(line.id) > Number(endedBy)) {
      return differences({ chunks: [], exited: true, closed: true }, seen);
    }
    return readDifferences(answers, this.#context.tolerances);
  }

  /** A new session gets the recorded id as its name here; a resumed one must be the one that has that name. */
  #compareSession(recorded: JsonObject, seen: JsonObject, connection: ReplayConnection): string[] {
    const { sessionId: name, ...rest } = recorded;
    const wrong = differences(rest, seen);
    if (typeof name !== "string" || typeof seen.sessionId !== "string") return [...wrong, `no session: ${show(seen)}`];
    const isNew = this.#context.names.actualOf(name) === undefined;
    if (isNew) this.#context.names.add(name, seen.sessionId);
    // What is received is translated to recorded names, so a session that was resumed shows its recorded id.
    else if (seen.sessionId !== name) wrong.push(`the session is ${seen.sessionId}, not the one resumed`);
    connection.session = name;
    return wrong;
  }

  /** Compares what had to wait for the end of the replay: the numbers that reads announced. */
  finish(): void {
    for (const { line, answers } of this.#reads) {
      this.#context.at = line;
      this.#context.report(...nextSeqDifferences(answers, this.#context.tolerances));
    }
  }
}
