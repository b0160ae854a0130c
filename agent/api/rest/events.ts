import type { Event } from "../../../wire/events/event.ts";
import type { EventLog } from "../../../wire/events/log.ts";
import { RestError } from "./errors.ts";
import { isAtOrBelow } from "./find.ts";
import type { GoObject, GoValue } from "./go-json.ts";
import { goTime, parseGoTime } from "./go-time.ts";

/** cAdvisor's types, and the parameter that asks for each. */
const PARAMETERS = {
  oom: "oom_events",
  oomKill: "oom_kill_events",
  containerCreation: "creation_events",
  containerDeletion: "deletion_events",
} as const;

type RestType = keyof typeof PARAMETERS;

/** How cAdvisor says that nobody knows. */
const UNKNOWN_CODE = -1;

/** An event in cAdvisor's words. */
interface RestEvent {
  readonly time: string;
  readonly type: RestType;
  readonly cgroup: string;
  readonly data: GoObject;
}

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
  readonly matches: (event: RestEvent) => boolean;
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
  const types = Object.entries(PARAMETERS)
    .filter(([, parameter]) => isOn(query, "all_events") || isOn(query, parameter))
    .map(([type]) => type);
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

/** An event in cAdvisor's words: a kill is two of its events, most of ours are none. */
function inRestWords({ type, time, container, details }: Event): readonly RestEvent[] {
  const { id: cgroup } = container ?? {};
  if (cgroup === undefined) return [];
  if (type === "cgroup_found") return [{ time, type: "containerCreation", cgroup, data: {} }];
  if (type === "cgroup_gone") {
    const data = { container_deletion: { exit_code: details.exit_code ?? UNKNOWN_CODE } };
    return [{ time, type: "containerDeletion", cgroup, data }];
  }
  if (type !== "oom_kill") return [];
  const { pid, process: process_name, constraint = "", oom_cgroup: oomCgroup = cgroup } = details;
  const data = pid === undefined ? {} : { oom: { pid, process_name, constraint } };
  return [
    { time, type: "oom", cgroup: oomCgroup, data: {} },
    { time, type: "oomKill", cgroup, data },
  ];
}

/** What of an event is wanted, as cAdvisor has it. */
export function encodeEvent(event: Event, { matches }: Pick<EventRequest, "matches">): GoObject[] {
  return inRestWords(event)
    .filter((one) => matches(one))
    .map(({ cgroup, time, type, data }) => ({
      container_name: cgroup,
      timestamp: goTime(Date.parse(time)),
      event_type: type,
      event_data: data,
    }));
}

/** The events of the past, by their time. */
export async function eventsOf(log: EventLog, request: EventRequest): Promise<GoValue> {
  const { start = Number.NEGATIVE_INFINITY, end = Number.POSITIVE_INFINITY, limit } = request;
  const found = await log.query({
    start,
    end,
    limit,
    after: undefined,
    matches: (event) => encodeEvent(event, request).length > 0,
  });
  const sorted = found.toSorted((a, b) => Date.parse(a.event.time) - Date.parse(b.event.time));
  const encoded = sorted.flatMap(({ event }) => encodeEvent(event, request));
  return encoded.slice(Math.max(0, encoded.length - limit));
}
