import { isObject, type JsonObject } from "../peer/message.ts";
import { differences, show } from "./match-answer.ts";
import type { ReplayConnection } from "./replay-connection.ts";
import type { ReplayContext } from "./replay-context.ts";

/**
 * Waits for the server to end a connection, and compares how. Where a deviation says so, it may answer instead and stay
 * open.
 */
export async function expectEnd(
  context: ReplayContext,
  connection: ReplayConnection,
  details: JsonObject,
): Promise<void> {
  const alternatives = context.deviations.filter(
    (deviation) => deviation.kind === "stays-open" && deviation.conn === connection.name,
  );
  const answered = () => alternatives.find((other) => other.kind === "stays-open" && connection.hasAnswer(other.id));
  const { arrivals } = connection.webSocket;
  const settled = () => connection.hasEnded || answered() !== undefined;
  await arrivals.until(settled, () => `connection ${connection.name} has not been ended by the server`, 2_000);
  const better = answered();
  if (better?.kind === "stays-open") {
    const body = connection.takeAnswer(better.id) ?? {};
    context.orderOf(connection.name).push(better.id);
    if (better.answer === "result") context.report(...(isObject(body.result) ? [] : [`answered ${show(body)}`]));
    else context.report(...differences({ code: better.answer }, body.error, "error"));
    return;
  }
  const end = connection.webSocket.end;
  if (context.tolerances.closeStyle || !end) return;
  if (end.closeFrame) context.report(`connection ${connection.name} got a close frame ${show(end.closeFrame)}`);
  const how = details.how === "tcp-end" ? "fin" : "reset";
  if (end.how !== how) context.report(`connection ${connection.name} ended by ${end.how}, recorded ${how}`);
}
