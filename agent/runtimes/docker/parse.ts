import type { ContainerInfo, ContainerInspectInfo } from "dockerode";

import { isRecord } from "../../../lib/record.ts";
import type { EngineContainer } from "../runtime.ts";

/** The engine's time of something that has not happened. */
const NEVER = "0001-01-01T00:00:00Z";

/** Docker writes `/name`, and a legacy link as `/other/alias`: the name is the one without a second slash. */
function nameOf(names: readonly string[]): string {
  const plain = names.find((name) => name.lastIndexOf("/") <= 0) ?? names[0] ?? "";
  return plain.replace(/^\//, "");
}

/** An entry of `GET /containers/json`, which has no exact times. https://docs.docker.com/reference/api/engine/ */
export function parseListed(listed: ContainerInfo): EngineContainer {
  return {
    id: listed.Id,
    name: nameOf(listed.Names ?? []),
    image: listed.Image ?? "",
    labels: listed.Labels ?? {},
    state: listed.State ?? "",
  };
}

/** The answer of `GET /containers/{id}/json`. */
export function parseInspected(inspected: ContainerInspectInfo): EngineContainer {
  const { StartedAt: startedAt, Status: status } = inspected.State;
  const container = {
    id: inspected.Id,
    name: nameOf([inspected.Name]),
    image: inspected.Config.Image,
    labels: inspected.Config.Labels ?? {},
    state: status,
    createdAt: inspected.Created,
  };
  return startedAt === "" || startedAt === NEVER ? container : { ...container, startedAt };
}

/** A container event that matters to us. */
export interface EngineEvent {
  readonly action: string;
  readonly id: string;
}

/** What changes who a container is, or whether it runs. Others (exec, attach, …) come in thousands. */
const ACTIONS = new Set([
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

/** One line of `GET /events`; undefined if it is none of ours. Throws if it is no JSON. */
export function parseEvent(line: string): EngineEvent | undefined {
  const event: unknown = JSON.parse(line);
  if (!isRecord(event) || event["Type"] !== "container") return undefined;
  const { Action: action, Actor: actor } = event;
  const id = isRecord(actor) ? actor["ID"] : undefined;
  if (typeof action !== "string" || typeof id !== "string") return undefined;
  // `health_status: healthy`
  const verb = action.split(":")[0] ?? "";
  return ACTIONS.has(verb) ? { action: verb, id } : undefined;
}
