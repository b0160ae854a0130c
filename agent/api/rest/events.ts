import type { EventLog, LoggedEvent } from "../../events/event-log.ts";
import { RestError } from "./errors.ts";
import { isAtOrBelow } from "./find.ts";
import type { GoObject, GoValue } from "./go-json.ts";
import { goTime, parseGoTime } from "./go-time.ts";

/** cAdvisor's types, and the parameter that asks for each. */
const TYPES: Readonly<Record<string, string>> = {
  oom: "oom_events",
  oomKill: "oom_kill_events",
  containerCreation: "creation_events",
  containerDeletion: "deletion_events",
};

const DEFAULT_EVENTS = 10;

/** As Go's `strconv.ParseBool` reads it. */
const TRUE = ["1", "t", "T", "TRUE", "true", "True"];

/** Which events are wanted. */
export interface EventRequest {
  readonly isStream: boolean;
  readonly start: number | undefined;
  readonly end: number | undefined;
  /** The newest so many. */
  readonly limit: number;
  readonly matches: (event: LoggedEvent) => boolean;
}

function isOn(query: URLSearchParams, name: string): boolean {
  return TRUE.includes(query.get(name) ?? "");
}

function limitOf(query: URLSearchParams): number {
  const text = query.get("max_events") ?? "";
  if (!/^[+-]?\d{1,9}$/.test(text)) return DEFAULT_EVENTS;
  return Number(text) < 0 ? Number.POSITIVE_INFINITY : Number(text);
}

/** The query of `events`, in which cAdvisor passes over what it can't read. @throws RestError for a stream of the past */
export function parseEventRequest(path: string, query: URLSearchParams): EventRequest {
  const types = Object.keys(TYPES).filter(
    (type) => isOn(query, "all_events") || isOn(query, TYPES[type] ?? ""),
  );
  const isWithBelow = isOn(query, "subcontainers");
  const isStream = isOn(query, "stream");
  const start = parseGoTime(query.get("start_time") ?? "");
  const end = parseGoTime(query.get("end_time") ?? "");
  if (isStream && (start !== undefined || end !== undefined)) {
    throw new RestError("start_time and end_time can't be given for a stream");
  }
  return {
    isStream,
    start,
    end,
    limit: limitOf(query),
    matches: ({ type, cgroup }) =>
      types.includes(type) && (isWithBelow ? isAtOrBelow(cgroup, path) : cgroup === path),
  };
}

/** An event as cAdvisor has it. */
export function encodeEvent({ cgroup, time, type, data }: LoggedEvent): GoObject {
  return {
    container_name: cgroup,
    timestamp: goTime(time),
    event_type: type,
    event_data: data,
  };
}

/** The events of the past, by their time. */
export function eventsOf(log: EventLog, { start, end, limit, matches }: EventRequest): GoValue {
  return log.query({ start, end, limit, matches }).map(encodeEvent);
}
