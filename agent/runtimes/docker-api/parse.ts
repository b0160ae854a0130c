import { isRecord } from "../../../lib/record.ts";
import type { ContainerHealth } from "../../../wire/container.ts";
import type { ContainerNetwork, EngineContainer } from "../runtime.ts";
import { EngineError } from "./engine-error.ts";

/** The engine's time of something that has not happened. */
const NEVER = "0001-01-01T00:00:00Z";

/** Docker writes `/name`, and a legacy link as `/other/alias`: the name is the one without a second slash. */
function nameOf(names: readonly string[]): string {
  const plain = names.find((name) => name.lastIndexOf("/") <= 0) ?? names[0] ?? "";
  return plain.replace(/^\//, "");
}

/** An engine that is just making or removing a container may have no name for it. */
function namedOr(id: string, name: string): string {
  return name === "" ? id.slice(0, 12) : name;
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

/** Podman's own words, which its inspect uses and its list does not, by Docker's. */
const STATES = new Map([
  ["configured", "created"],
  ["initialized", "created"],
  ["stopped", "exited"],
]);

function stateOf(word: string): string {
  return STATES.get(word) ?? word;
}

/** `bridge`, `host`, `none`, `container:<id>`, the name of a network; absent if it is not told. */
function networkModeOf(fields: Fields): { readonly networkMode?: string } {
  const mode = textOf(fieldsOf(fields["HostConfig"])["NetworkMode"]);
  return mode === "" ? {} : { networkMode: mode };
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
export function parseListed(listed: unknown): EngineContainer {
  const fields = fieldsOf(listed);
  const { Names: names, Image: image, Labels, State: state, Status } = fields;
  const id = textOf(fields["Id"]);
  return {
    id,
    name: namedOr(id, nameOf(textsOf(names))),
    image: textOf(image),
    labels: labelsOf(Labels),
    state: stateOf(textOf(state)),
    ...healthIn(textOf(Status)),
    ...networkModeOf(fields),
    ...listedNetwork(fields),
  };
}

/** The answer of `GET /containers/json`. What has no id is left out. @throws EngineError if it is no list */
export function parseList(answer: unknown): readonly EngineContainer[] {
  if (!Array.isArray(answer)) {
    throw new EngineError("malformed", "cannot list its containers: the answer is no list");
  }
  return answer.map(parseListed).filter(({ id }) => id !== "");
}

/**
 * The answer of `GET /containers/{id}/json`.
 * @param envPrefixes how the names of the variables begin that are kept
 */
export function parseInspected(
  inspected: unknown,
  envPrefixes: readonly string[] = [],
): EngineContainer {
  const fields = fieldsOf(inspected);
  const config = fieldsOf(fields["Config"]);
  const { StartedAt, Status: status, Health: health } = fieldsOf(fields["State"]);
  const { RestartCount: restarts } = fields;
  const startedAt = textOf(StartedAt);
  const id = textOf(fields["Id"]);
  const createdAt = textOf(fields["Created"]);
  const container = {
    id,
    name: namedOr(id, nameOf([textOf(fields["Name"])])),
    image: textOf(config["Image"]),
    labels: labelsOf(config["Labels"]),
    state: stateOf(textOf(status)),
    ...(createdAt === "" ? {} : { createdAt }),
    ...networkModeOf(fields),
    network: networkOf(config, fields),
    restarts: Number.isSafeInteger(restarts) ? Math.max(0, Number(restarts)) : 0,
    ...healthOf(textOf(fieldsOf(health)["Status"])),
    ...(envPrefixes.length === 0 ? {} : { env: variablesOf(textsOf(config["Env"]), envPrefixes) }),
  };
  return startedAt === "" || startedAt === NEVER ? container : { ...container, startedAt };
}

/** The version of an engine and of its API; what it does not tell is undefined. */
export interface EngineVersion {
  readonly engine: string | undefined;
  readonly api: string | undefined;
}

/** The answer of `GET /version`. */
export function parseVersion(answer: unknown): EngineVersion {
  const { Version: engine, ApiVersion: api } = fieldsOf(answer);
  return {
    engine: typeof engine === "string" ? engine : undefined,
    api: typeof api === "string" ? api : undefined,
  };
}
