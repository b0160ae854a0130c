import { globPattern, MOST_STARS, starsOf } from "../../lib/glob.ts";
import { QueryError } from "../stats/query.ts";
import { parseTime } from "../stats/time.ts";
import { type Event, EVENT_TYPES, type EventType } from "./event.ts";

/** The parameters of `/events` as they stand in the URL. */
export interface RawEventQuery {
  readonly type?: string | readonly string[];
  readonly container?: string | readonly string[];
  readonly name?: string;
  readonly image?: string | readonly string[];
  readonly label?: string | readonly string[];
  readonly runtime?: string;
  readonly group?: string;
  readonly node?: string;
  readonly since?: string;
  readonly until?: string;
  readonly start?: string;
  readonly end?: string;
  readonly limit?: string;
  readonly after?: string;
  readonly moments?: string;
}

/** A query of `/events`, understood. */
export interface EventQuery {
  /** Whether an event is one that was asked for, its time aside. */
  readonly matches: (event: Event) => boolean;
  /** Unix milliseconds, both included. */
  readonly start: number;
  readonly end: number;
  /** Only what came after this id. */
  readonly after: string | undefined;
  /** Only the newest so many. */
  readonly limit: number;
  /** Whether the minute before is wanted too. */
  readonly hasMoments: boolean;
  /** Whether a start was given. */
  readonly hasStart: boolean;
}

const DEFAULT_LIMIT = 1000;
const MOST = 100_000;

type Test = (event: Event) => boolean;

/** Understands the parameters; filters of one name are alternatives, as `docker events` has them. Throws a QueryError. */
export function parseEventQuery(raw: RawEventQuery, now: number): EventQuery {
  const tests = [
    typeTest(listOf(raw.type)),
    anyOf(listOf(raw.container), containerTest),
    anyOf(raw.name === undefined ? [] : [raw.name], nameTest),
    anyOf(listOf(raw.image), imageTest),
    anyOf(repeated(raw.label), labelTest),
    anyOf(raw.runtime === undefined ? [] : [raw.runtime], runtimeTest),
    anyOf(raw.group === undefined ? [] : [raw.group], groupTest),
    anyOf(raw.node === undefined ? [] : [raw.node], nodeTest),
  ];
  const start = timeOf("since", raw.since ?? raw.start, now) ?? Number.NEGATIVE_INFINITY;
  const end = timeOf("until", raw.until ?? raw.end, now) ?? Number.POSITIVE_INFINITY;
  if (start > end) throw new QueryError("since", "must be before until");
  return {
    matches: (event) => tests.every((test) => test(event)),
    start,
    end,
    after: raw.after === undefined ? undefined : checkId("after", raw.after),
    limit: limitOf(raw.limit),
    hasMoments: flagOf("moments", raw.moments),
    hasStart: raw.since !== undefined || raw.start !== undefined,
  };
}

/** An id of an event, wherever it came from. Throws a QueryError for what can't be one. */
export function checkId(parameter: string, id: string): string {
  if (/^[0-9a-z]{1,40}(?:-[0-9a-z]{1,40}){0,3}$/.test(id)) return id;
  throw new QueryError(parameter, "is not the id of an event");
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return repeated(value).flatMap((text) => text.split(","));
}

/** What may have commas in it. */
function repeated(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

function anyOf(words: readonly string[], testOf: (word: string) => Test): Test {
  const tests = words.map(testOf);
  return (event) => tests.length === 0 || tests.some((test) => test(event));
}

function typeTest(words: readonly string[]): Test {
  const types = new Set<EventType>();
  for (const word of words) {
    const type = EVENT_TYPES.find((one) => one === word);
    if (type === undefined) {
      throw new QueryError("type", `"${word}" is not one of ${EVENT_TYPES.join(", ")}`);
    }
    types.add(type);
  }
  return ({ type }) => types.size === 0 || types.has(type);
}

/** By name, id, the beginning of an id, or cgroup path. */
function containerTest(word: string): Test {
  if (word === "") throw new QueryError("container", "is empty; leave it out to ask for all");
  const isPrefix = /^[0-9a-f]{4,64}$/.test(word);
  return ({ container }) =>
    container !== undefined &&
    (container.name === word ||
      container.id === word ||
      container.container_id === word ||
      (isPrefix && container.container_id?.startsWith(word) === true));
}

function nameTest(glob: string): Test {
  if (glob === "" || starsOf(glob) > MOST_STARS) {
    throw new QueryError("name", `must be a name with at most ${MOST_STARS} stars`);
  }
  const pattern = globPattern(glob);
  return ({ container }) => container !== undefined && pattern.test(container.name);
}

/** With or without its tag. */
function imageTest(word: string): Test {
  return ({ container }) =>
    container?.image !== undefined &&
    (container.image === word || container.image.replace(/(?::[^:/]+)?(?:@.*)?$/, "") === word);
}

function labelTest(word: string): Test {
  const at = word.indexOf("=");
  if (at === 0 || word === "") throw new QueryError("label", `"${word}" is not key=value or key`);
  const key = at === -1 ? word : word.slice(0, at);
  return ({ container }) => {
    const value = container?.labels[key];
    return value !== undefined && (at === -1 || value === word.slice(at + 1));
  };
}

function runtimeTest(word: string): Test {
  return ({ container }) => container?.runtime === word;
}

function nodeTest(word: string): Test {
  return ({ node }) => node === word;
}

function groupTest(word: string): Test {
  const at = word.indexOf(":");
  if (at <= 0 || at === word.length - 1) {
    throw new QueryError("group", `"${word}" is not kind:name; write for example service:web`);
  }
  const [kind, name] = [word.slice(0, at), word.slice(at + 1)];
  // An event of a service itself is about no single container.
  return ({ container, details }) => container?.groups[kind] === name || details.group === word;
}

function timeOf(parameter: string, text: string | undefined, now: number): number | undefined {
  return text === undefined ? undefined : parseTime(parameter, text, now);
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  if (/^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= MOST) return Number(text);
  throw new QueryError("limit", `"${text}" is not a whole number from 1 to ${MOST}`);
}

function flagOf(parameter: string, text: string | undefined): boolean {
  if (text === undefined || text === "false" || text === "0") return false;
  if (text === "true" || text === "1" || text === "") return true;
  throw new QueryError(parameter, `"${text}" is not true or false`);
}
