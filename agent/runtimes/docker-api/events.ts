import { isRecord } from "../../../lib/record.ts";
import type { EngineContainer, EngineEvent } from "../runtime.ts";

/** What changes who a container is, or whether it runs. */
const CHANGES = new Set([
  "create",
  "start",
  "restart",
  "die",
  "stop",
  "pause",
  "unpause",
  "rename",
  "update",
  "destroy",
  "health_status",
]);

/** What else is counted. */
const COUNTED = ["kill", "oom"];

/** Podman's own words, by which it filters too. */
const PODMAN = new Map([
  ["died", "die"],
  ["remove", "destroy"],
]);

const ACTIONS = new Set([...CHANGES, ...COUNTED]);

/**
 * Where events are told. The engine leaves out by itself what is not named here: `exec_create`,
 * `attach`, `top`, …, which may come in thousands.
 * https://docs.docker.com/reference/api/engine/version/v1.44/#tag/System/operation/SystemEvents
 */
export const EVENTS_PATH: string = `/events?filters=${encodeURIComponent(
  JSON.stringify({ type: ["container"], event: [...ACTIONS, ...PODMAN.keys()] }),
)}`;

/** Whether a container is another after an event. */
export function isChange({ action }: EngineEvent): boolean {
  return CHANGES.has(action);
}

/** What Podman puts among the labels of a container that has not run yet. */
const NO_LABEL = "containerExitCode";

/** The container that an event of kind `create` is about, as far as it tells: enough to have a name. */
export function createdBy({ id, name, image, labels = {} }: EngineEvent): EngineContainer {
  const { [NO_LABEL]: _code, ...own } = labels;
  return { id, name: name === "" ? id.slice(0, 12) : name, image, labels: own, state: "created" };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** One line of `GET /events`; undefined if it is none of ours. Throws if it is no JSON. */
export function parseEvent(line: string): EngineEvent | undefined {
  const event: unknown = JSON.parse(line);
  if (!isRecord(event) || event["Type"] !== "container") return undefined;
  const { Action: action, Actor: actor } = event;
  if (typeof action !== "string" || !isRecord(actor)) return undefined;
  const { ID: id, Attributes: attributes } = actor;
  // `health_status: healthy`
  const word = action.split(":")[0] ?? "";
  const verb = PODMAN.get(word) ?? word;
  if (typeof id !== "string" || id === "" || !ACTIONS.has(verb)) return undefined;
  const { name, image, ...others } = isRecord(attributes) ? attributes : {};
  const told = { action: verb, id, name: textOf(name), image: textOf(image) };
  // Labels stand among the event's own words, whose names no label has.
  return { ...told, labels: textsOf(others), ...detailsOf(verb, others, action) };
}

/** What an event of this kind tells besides. */
function detailsOf(
  verb: string,
  { exitCode, signal, oldName }: Readonly<Record<string, unknown>>,
  action: string,
): Partial<EngineEvent> {
  if (verb === "die") return numberAt("exitCode", exitCode);
  if (verb === "kill") return numberAt("signal", signal);
  if (verb === "rename") return { oldName: textOf(oldName).replace(/^\//, "") };
  return verb === "health_status" ? { health: action.split(": ")[1] ?? "" } : {};
}

function numberAt(name: "exitCode" | "signal", value: unknown): Partial<EngineEvent> {
  const text = textOf(value);
  return /^\d+$/.test(text) ? { [name]: Number(text) } : {};
}

function textsOf(attributes: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts = Object.entries(attributes).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(texts.map(([key, value]) => [key, textOf(value)]));
}
