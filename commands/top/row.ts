import { countAt, at, textAt, textMapAt } from "../../lib/json-at.ts";
import { isRecord } from "../../lib/record.ts";

/** The statistics that are asked for, each in the words of `/stats`. */
export const STATS = [
  "cpu_cores",
  "cpu_throttled_ratio",
  "memory_usage_bytes",
  "memory_working_set_bytes",
  "oom_kills",
  "processes",
  "threads",
  "fs_read_bytes_per_second",
  "fs_write_bytes_per_second",
  "network_receive_bytes_per_second",
  "network_transmit_bytes_per_second",
  "pressure_cpu_some_ratio",
  "pressure_memory_some_ratio",
  "pressure_io_some_ratio",
] as const;

/** One of them. */
export type StatName = (typeof STATS)[number];

/** Those that are drawn over time. */
export const TRAIL_STATS = [
  "cpu_cores",
  "memory_working_set_bytes",
  "network_receive_bytes_per_second",
  "network_transmit_bytes_per_second",
  "fs_read_bytes_per_second",
  "fs_write_bytes_per_second",
] as const;

/** The values of a container's last passes, the newest last; NaN = absent. */
export type Trails = Readonly<Record<(typeof TRAIL_STATS)[number], readonly number[]>>;

/** What is known of a container now; a statistic that can't be measured has no key. */
export type Values = Readonly<Partial<Record<StatName, number>>>;

/** A container as it is shown. Its texts are as they came, so not for a terminal yet. */
export interface Row {
  /** Tells it from every other one, of any node. */
  readonly key: string;
  /** Absolute cgroup path. */
  readonly id: string;
  readonly containerId: string;
  readonly name: string;
  readonly node: string;
  readonly image: string;
  /** Empty for a cgroup that no engine owns. */
  readonly runtime: string;
  readonly state: string;
  readonly health: string;
  readonly startedAt: string;
  readonly restarts: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly groups: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<"cpu_cores" | "memory_bytes" | "pids", number | null>>;
  readonly values: Values;
  readonly trails: Trails;
  /** Unix milliseconds when it was seen that one more was killed for the lack of memory. */
  readonly killedAt?: number;
  /** The same of a restart by its engine. */
  readonly restartedAt?: number;
}

/** How many values a trail has at most: as many as the window of a server that samples each second. */
export const TRAIL_LENGTH = 60;

const NO_TRAILS: Trails = {
  cpu_cores: [],
  memory_working_set_bytes: [],
  network_receive_bytes_per_second: [],
  network_transmit_bytes_per_second: [],
  fs_read_bytes_per_second: [],
  fs_write_bytes_per_second: [],
};

/** The key of a container on a node. */
export function keyOf(node: string, id: string): string {
  return `${node}\n${id}`;
}

/** A container of an answer of `/stats`, without a trail yet; undefined if it is none. */
export function parseRow(value: unknown, nodeOfAnswer: string): Row | undefined {
  const id = textAt(value, "id");
  if (id === "") return undefined;
  const node = textAt(value, "node") || nodeOfAnswer;
  return {
    key: keyOf(node, id),
    id,
    node,
    containerId: textAt(value, "container_id"),
    name: textAt(value, "name") || id,
    image: textAt(value, "image"),
    runtime: textAt(value, "runtime"),
    state: textAt(value, "state"),
    health: textAt(value, "health"),
    startedAt: textAt(value, "started_at"),
    restarts: countAt(value, "restarts"),
    labels: textMapAt(value, "labels"),
    groups: textMapAt(value, "groups"),
    limits: {
      cpu_cores: numberAt(value, "limits", "cpu_cores") ?? null,
      memory_bytes: numberAt(value, "limits", "memory_bytes") ?? null,
      pids: numberAt(value, "limits", "pids") ?? null,
    },
    values: parseValues(at(value, "latest"), {}),
    trails: seedOf(at(value, "series", "values")),
  };
}

/** The values of now: what is told takes the place of what was, null takes it away. */
export function parseValues(latest: unknown, before: Values): Values {
  if (!isRecord(latest)) return before;
  const values: Partial<Record<StatName, number>> = { ...before };
  for (const name of STATS) {
    const value = latest[name];
    if (typeof value === "number" && Number.isFinite(value)) values[name] = value;
    else if (value === null) delete values[name];
  }
  return values;
}

/** What a container has used in the window, where the answer has series. */
function seedOf(values: unknown): Trails {
  if (!isRecord(values)) return NO_TRAILS;
  const trails: Record<string, readonly number[]> = {};
  for (const name of TRAIL_STATS) {
    const list = at(values, name, "avg");
    const known = Array.isArray(list) ? list.slice(-TRAIL_LENGTH) : [];
    trails[name] = known.map((value) => (typeof value === "number" ? value : Number.NaN));
  }
  return { ...NO_TRAILS, ...trails };
}

/** The trails with the values of one more pass. */
export function extended(trails: Trails, values: Values): Trails {
  const longer = (name: keyof Trails): readonly number[] => [
    ...trails[name].slice(1 - TRAIL_LENGTH),
    values[name] ?? Number.NaN,
  ];
  return {
    cpu_cores: longer("cpu_cores"),
    memory_working_set_bytes: longer("memory_working_set_bytes"),
    network_receive_bytes_per_second: longer("network_receive_bytes_per_second"),
    network_transmit_bytes_per_second: longer("network_transmit_bytes_per_second"),
    fs_read_bytes_per_second: longer("fs_read_bytes_per_second"),
    fs_write_bytes_per_second: longer("fs_write_bytes_per_second"),
  };
}

function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}
