import { isRecord } from "../../../lib/record.ts";
import type { EngineEvent } from "../runtime.ts";

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
  const { name, image, exitCode } = isRecord(attributes) ? attributes : {};
  const told = { action: verb, id, name: textOf(name), image: textOf(image) };
  const code = textOf(exitCode);
  return verb === "die" && /^\d+$/.test(code) ? { ...told, exitCode: Number(code) } : told;
}
