import { type HttpAnswer, parseHttpAnswer } from "../peer/http-exchange.ts";
import { show } from "./match-answer.ts";

/** Headers that say something about the listener; the others, their order and error bodies may differ. */
const telling = [
  "allow",
  "upgrade",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
] as const;

/** Compares an HTTP exchange with the recorded one. */
export function httpDifferences(recordedText: string, seen: HttpAnswer): string[] {
  const recorded = parseHttpAnswer(recordedText);
  if (recorded.status !== seen.status) return [`status is ${seen.status}, recorded ${recorded.status}`];
  const wrong = telling.flatMap((name) => {
    const [before, now] = [tokens(recorded.headers.get(name)), tokens(seen.headers.get(name))];
    return before === now ? [] : [`${name} is ${show(now)}, recorded ${show(before)}`];
  });
  if (recorded.status === 200 && recorded.body !== seen.body) wrong.push(`the body is ${show(seen.body)}`);
  return wrong;
}

const tokens = (value: string | undefined) =>
  value
    ?.split(",")
    .map((token) => token.trim())
    .join(", ");
