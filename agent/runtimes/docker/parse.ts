import type { ContainerInfo, ContainerInspectInfo } from "dockerode";

import { isRecord } from "../../../lib/record.ts";
import type { ContainerHealth } from "../../../wire/container.ts";
import type { ContainerNetwork, EngineContainer, EngineEvent } from "../runtime.ts";

/** The engine's time of something that has not happened. */
const NEVER = "0001-01-01T00:00:00Z";

/** Docker writes `/name`, and a legacy link as `/other/alias`: the name is the one without a second slash. */
function nameOf(names: readonly string[]): string {
  const plain = names.find((name) => name.lastIndexOf("/") <= 0) ?? names[0] ?? "";
  return plain.replace(/^\//, "");
}

/** A container without a health check is `none`, or is not said to be anything. */
function healthOf(word: string | undefined): { readonly health?: ContainerHealth } {
  return word === "healthy" || word === "starting" || word === "unhealthy" ? { health: word } : {};
}

/** `Up 2 minutes (healthy)`, `Up 1 second (health: starting)` */
function healthIn(status: string): { readonly health?: ContainerHealth } {
  return healthOf(/ \((?:health: )?(\w+)\)$/.exec(status)?.[1]);
}

/** The variables whose names begin with one of some prefixes, names in lower case as cAdvisor has them. */
function variablesOf(
  variables: readonly string[],
  prefixes: readonly string[],
): Readonly<Record<string, string>> {
  const kept = variables
    .filter((variable) => prefixes.some((prefix) => variable.startsWith(prefix)))
    .filter((variable) => variable.includes("="))
    // Of names that differ only in case the first in the alphabet is kept: the last that is put in.
    .toSorted((a, b) => (a < b ? 1 : -1))
    .map((variable): [string, string] => {
      const end = variable.indexOf("=");
      return [variable.slice(0, end).toLowerCase(), variable.slice(end + 1)];
    });
  return Object.fromEntries(kept);
}

type Fields = Readonly<Record<string, unknown>>;

/** The fields of what should be an object: none if it is anything else. */
function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  const labels = Object.entries(fieldsOf(value));
  return Object.fromEntries(labels.map(([key, text]): [string, string] => [key, textOf(text)]));
}

/** Addresses of IPv4 and IPv6 in all its networks. */
function addressesOf(networks: Fields): string[] {
  return Object.values(networks)
    .map(fieldsOf)
    .flatMap(({ IPAddress: v4, GlobalIPv6Address: v6 }) => [textOf(v4), textOf(v6)])
    .filter((address) => address !== "");
}

/** Addresses that it has now, and ports that it says it listens on. */
function networkOf(config: Fields, inspected: Fields): ContainerNetwork {
  return {
    isHost: fieldsOf(inspected["HostConfig"])["NetworkMode"] === "host",
    addresses: addressesOf(fieldsOf(fieldsOf(inspected["NetworkSettings"])["Networks"])),
    ports: Object.keys(fieldsOf(config["ExposedPorts"]))
      .map((port) => Number(/^(\d{1,5})\/tcp$/.exec(port)?.[1]))
      .filter((port) => port > 0),
  };
}

/**
 * The same of a list: an address that was given back to its network may be another's soon, and no
 * event of the container tells that.
 */
function listedNetwork(listed: Fields): { readonly network?: ContainerNetwork } {
  const { Networks: networks } = fieldsOf(listed["NetworkSettings"]);
  if (!isRecord(networks)) return {};
  const ports = Array.isArray(listed["Ports"]) ? listed["Ports"].map(fieldsOf) : [];
  const open = ports
    .filter(({ Type: type }) => type === "tcp")
    .map(({ PrivatePort: port }) => Number(port))
    .filter((port) => Number.isSafeInteger(port) && port > 0);
  return {
    network: {
      isHost: fieldsOf(listed["HostConfig"])["NetworkMode"] === "host",
      addresses: addressesOf(networks),
      ports: [...new Set(open)],
    },
  };
}

/** An entry of `GET /containers/json`, which has no exact times. https://docs.docker.com/reference/api/engine/ */
export function parseListed(listed: ContainerInfo): EngineContainer {
  const fields = fieldsOf(listed);
  const { Id: id, Names: names, Image: image, Labels, State: state, Status } = fields;
  return {
    id: textOf(id),
    name: nameOf(textsOf(names)),
    image: textOf(image),
    labels: labelsOf(Labels),
    state: textOf(state),
    ...healthIn(textOf(Status)),
    ...listedNetwork(fields),
  };
}

/**
 * The answer of `GET /containers/{id}/json`.
 * @param envPrefixes how the names of the variables begin that are kept
 */
export function parseInspected(
  inspected: ContainerInspectInfo,
  envPrefixes: readonly string[] = [],
): EngineContainer {
  const fields = fieldsOf(inspected);
  const config = fieldsOf(fields["Config"]);
  const { StartedAt, Status: status, Health: health } = fieldsOf(fields["State"]);
  const { RestartCount: restarts } = fields;
  const startedAt = textOf(StartedAt);
  const container = {
    id: textOf(fields["Id"]),
    name: nameOf([textOf(fields["Name"])]),
    image: textOf(config["Image"]),
    labels: labelsOf(config["Labels"]),
    state: textOf(status),
    createdAt: textOf(fields["Created"]),
    network: networkOf(config, fields),
    restarts: Number.isSafeInteger(restarts) ? Math.max(0, Number(restarts)) : 0,
    ...healthOf(textOf(fieldsOf(health)["Status"])),
    ...(envPrefixes.length === 0 ? {} : { env: variablesOf(textsOf(config["Env"]), envPrefixes) }),
  };
  return startedAt === "" || startedAt === NEVER ? container : { ...container, startedAt };
}

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

/** What else is counted. Others (exec, attach, …) come in thousands. */
const ACTIONS = new Set([...CHANGES, "kill", "oom"]);

/** Whether a container is another after an event. */
export function isChange({ action }: EngineEvent): boolean {
  return CHANGES.has(action);
}

/** One line of `GET /events`; undefined if it is none of ours. Throws if it is no JSON. */
export function parseEvent(line: string): EngineEvent | undefined {
  const event: unknown = JSON.parse(line);
  if (!isRecord(event) || event["Type"] !== "container") return undefined;
  const { Action: action, Actor: actor } = event;
  if (typeof action !== "string" || !isRecord(actor)) return undefined;
  const { ID: id, Attributes: attributes } = actor;
  // `health_status: healthy`
  const verb = action.split(":")[0] ?? "";
  if (typeof id !== "string" || !ACTIONS.has(verb)) return undefined;
  const { name, image, exitCode } = isRecord(attributes) ? attributes : {};
  const told = { action: verb, id, name: textOf(name), image: textOf(image) };
  return verb === "die" ? { ...told, exitCode: Number(exitCode) } : told;
}
