import { type Observable, pairwise } from "rxjs";
import type { ObservationState } from "../client/observation.ts";

/** Tells the user when the connection is lost and when it is back; the command's output merely pauses. Ends with the link. */
export function reportRecovery(link: { readonly state$: Observable<ObservationState> }): void {
  link.state$.pipe(pairwise()).subscribe(([before, now]) => {
    if (now.value === "Recovering") tell(`connection lost (${now.reason}), recovering`);
    if (before.value === "Recovering" && now.value === "Connected") tell("recovered");
  });
}

function tell(text: string): void {
  process.stderr.write(`proctor: ${text}\n`);
}
