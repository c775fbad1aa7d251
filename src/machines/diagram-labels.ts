import type { AnyStateMachine, AnyTransitionDefinition } from "xstate";

/** Longer parameters are prose, such as the reason of a close; they would drown the diagram. */
const longestParameter = 12;

/** A transition in words: `event [guard] / actions`. `alternatives` are the transitions of the same event, in order. */
export function labelOf(
  transition: AnyTransitionDefinition,
  alternatives: readonly AnyTransitionDefinition[],
  machine: AnyStateMachine,
): string {
  const actions = namesOf(transition.actions).join(", ");
  return [triggerOf(transition, machine), guardOf(transition, alternatives), actions === "" ? "" : `/ ${actions}`]
    .filter((part) => part !== "")
    .join(" ");
}

/** The names of actions, with those parameters that are short and always the same. */
export function namesOf(actions: unknown): string[] {
  return asList(actions).map((action) => {
    if (typeof action === "string") return action;
    if (typeof action !== "object" || action === null || !("type" in action)) return nameOfFunction(action);
    const params = "params" in action ? parametersOf(action.params) : "";
    return `${String(action.type)}${params === "" ? "" : `(${params})`}`;
  });
}

/** A text as it may stand in a diagram: without what has a meaning of its own to Mermaid. */
export function plain(text: string): string {
  return text.replaceAll(/[:;#%{}"\s]+/g, " ").trim();
}

function triggerOf(transition: AnyTransitionDefinition, machine: AnyStateMachine): string {
  const { eventType, source } = transition;
  if (eventType === "") return "";
  if ("delay" in transition) return `after ${delayOf(transition.delay, machine)}`;
  if (eventType === `xstate.done.state.${source.id}`) {
    return source.type === "parallel" ? "when every region is done" : "when done";
  }
  for (const { id, src } of source.invoke) {
    if (eventType === `xstate.done.actor.${id}`) return `${src} done`;
    if (eventType === `xstate.error.actor.${id}`) return `${src} failed`;
  }
  return eventType;
}

function guardOf({ guard }: AnyTransitionDefinition, alternatives: readonly AnyTransitionDefinition[]): string {
  if (guard !== undefined) return `[${namesOf(guard).join(", ")}]`;
  return alternatives.some((alternative) => alternative.guard !== undefined) ? "[else]" : "";
}

/** A delay by its name, and by its value where that is always the same. */
function delayOf(delay: unknown, machine: AnyStateMachine): string {
  if (typeof delay === "number") return duration(delay);
  const name = String(delay);
  const value: unknown = machine.implementations.delays[name];
  return typeof value === "number" ? `${name} (${duration(value)})` : name;
}

function duration(ms: number): string {
  return ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`;
}

function parametersOf(params: unknown): string {
  if (typeof params !== "object" || params === null) return "";
  return Object.values(params)
    .map((value) => String(value))
    .filter((text) => text !== "" && text.length <= longestParameter)
    .join(", ");
}

/** An action or guard that stands in the chart itself: XState's own say what they are, others have at best a name. */
function nameOfFunction(reference: unknown): string {
  if (typeof reference !== "function") return "unnamed";
  return "type" in reference ? String(reference.type).replace("xstate.", "") : reference.name || "unnamed";
}

function asList(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
