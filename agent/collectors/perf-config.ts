import { readFileSync } from "node:fs";

import { messageOf } from "../../lib/errors.ts";

/** An event that is told by its numbers. */
export interface CustomEvent {
  /** The unit's number; 0 = hardware, of uncore events every unit that the name's prefix fits. */
  readonly type: number;
  /** `config`, `config1` and `config2` of `perf_event_attr`. */
  readonly config: readonly bigint[];
}

/** Events to be counted, and those of them that have no name of the kernel's. */
export interface EventSet {
  /** Events of one group are counted in the same moments. */
  readonly groups: readonly (readonly string[])[];
  readonly custom: ReadonlyMap<string, CustomEvent>;
}

/** What cAdvisor's `--perf_events_config` holds: events of the cores, and of the rest of a processor. */
export interface PerfConfig {
  readonly core: EventSet;
  readonly uncore: EventSet;
}

type Fields = Readonly<Record<string, unknown>>;

function wrong(where: string, problem: string): never {
  throw new Error(`${where} ${problem}`);
}

function fieldsOf(raw: unknown, where: string, known: readonly string[]): Fields {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    wrong(where, "must be an object");
  }
  const unknown = Object.keys(raw).find((key) => !known.includes(key));
  if (unknown !== undefined) wrong(where, `must not have ${unknown}, only ${known.join(", ")}`);
  return { ...raw };
}

function listOf(raw: unknown, where: string): readonly unknown[] {
  if (raw === undefined || raw === null) return [];
  return Array.isArray(raw) ? raw : wrong(where, "must be a list");
}

function nameOf(raw: unknown, where: string): string {
  return typeof raw === "string" && raw !== "" ? raw : wrong(where, "must be the name of an event");
}

function parseGroup(raw: unknown, where: string): readonly string[] {
  if (typeof raw === "string") return [nameOf(raw, where)];
  if (!Array.isArray(raw)) wrong(where, "must be the name of an event or a list of names");
  if (raw.length === 0) wrong(where, "must not be empty");
  return raw.map((name: unknown, index) => nameOf(name, `${where}[${index}]`));
}

/** A number as Go reads it with base 0: `0x5300c0`, `0b1`, `0o17`, `017`, `18`. */
function parseConfigNumber(raw: unknown, where: string): bigint {
  const text = typeof raw === "string" ? raw.replace(/^0(?=[0-7]+$)/, "0o") : "";
  if (!/^(?:0x[\da-f]+|0b[01]+|0o[0-7]+|\d+)$/i.test(text)) {
    wrong(where, `must be a number in quotes such as "0x5300c0"`);
  }
  const number = BigInt(text);
  return number < 1n << 64n ? number : wrong(where, "must fit into 64 bits");
}

function parseCustom(raw: unknown, where: string): readonly [string, CustomEvent] {
  const { type = 0, config, name } = fieldsOf(raw, where, ["type", "config", "name"]);
  if (typeof type !== "number" || !Number.isInteger(type) || type < 0 || type >= 2 ** 32) {
    wrong(`${where}.type`, "must be a whole number from 0 to 4294967295");
  }
  const numbers = listOf(config, `${where}.config`).map((part, index) =>
    parseConfigNumber(part, `${where}.config[${index}]`),
  );
  if (numbers.length < 1 || numbers.length > 3) {
    wrong(`${where}.config`, "must hold one, two or three numbers");
  }
  return [nameOf(name, `${where}.name`), { type, config: numbers }];
}

function parseSet(raw: unknown, where: string): EventSet {
  if (raw === undefined || raw === null) return { groups: [], custom: new Map() };
  const { events, custom_events: custom } = fieldsOf(raw, where, ["events", "custom_events"]);
  const groups = listOf(events, `${where}.events`).map((group, index) =>
    parseGroup(group, `${where}.events[${index}]`),
  );
  const names = groups.flat();
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  // Two series with the same labels.
  if (twice !== undefined) wrong(`${where}.events`, `must not have ${twice} twice`);
  const numbered = new Map<string, CustomEvent>();
  for (const [index, one] of listOf(custom, `${where}.custom_events`).entries()) {
    const place = `${where}.custom_events[${index}]`;
    const [name, event] = parseCustom(one, place);
    if (numbered.has(name)) wrong(`${place}.name`, `must not be ${name} a second time`);
    numbered.set(name, event);
  }
  return { groups, custom: numbered };
}

/**
 * Parses the JSON that says which events to count.
 * https://github.com/google/cadvisor/blob/master/docs/runtime_options.md#perf-events
 * @throws Error that names the place and what would do
 */
export function parsePerfConfig(text: string): PerfConfig {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new Error(`must hold JSON: ${messageOf(error)}`, { cause: error });
  }
  const { core, uncore } = fieldsOf(raw, "the file", ["core", "uncore"]);
  return { core: parseSet(core, "core"), uncore: parseSet(uncore, "uncore") };
}

/** Reads that file; throws Error as `parsePerfConfig` does, or because it can't be read. */
export function readPerfConfig(path: string): PerfConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`must be a file that can be read: ${messageOf(error)}`, { cause: error });
  }
  return parsePerfConfig(text);
}

/** What is wrong with that file; undefined if nothing is. */
export function checkPerfConfig(path: string): string | undefined {
  try {
    readPerfConfig(path);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
