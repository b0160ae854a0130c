import type { Choice, Marks } from "./dashboard.ts";

/** The agents that were chosen. */
export const AGENTS: string = 'job=~"$job",instance=~"$node"';

/** Their containers: what an engine owns. */
export const CONTAINERS: string = `${AGENTS},name!=""`;

/** The containers that were chosen. */
export const CHOSEN: string = `${AGENTS},name=~"$container"`;

/** Their machines: the root cgroups. */
export const MACHINES: string = `${AGENTS},id="/"`;

/** Growth a second of a counter. */
export function rate(counter: string, selector: string): string {
  return `rate(${counter}{${selector}}[$__rate_interval])`;
}

/** A sum by labels, told as `job, name`. */
export function sumBy(labels: string, expression: string): string {
  return `sum by (${labels}) (${expression})`;
}

/**
 * By how much counters have grown that begin with their first event, and with that one counted.
 * `increase` would not see it. In whole numbers; of containers that are gone too.
 */
export function grown(counter: string, selector: string, range: string): string {
  const highest = `max_over_time(${counter}{${selector}}[${range}])`;
  // Also of a container that was away for a while: its counter goes on.
  const before = `last_over_time(${counter}{${selector}}[10m] offset ${range})`;
  return `clamp_min(${highest} - (${before} or ${highest} * 0), 0)`;
}

/** CPU cores of containers or machines by labels: those of single CPUs added up, where they are told apart. */
export function cores(labels: string, selector: string): string {
  return sumBy(labels, rate("container_cpu_usage_seconds_total", selector));
}

/** Cores of machines by labels. */
export function capacity(labels: string): string {
  return sumBy(labels, `machine_cpu_cores{${AGENTS}}`);
}

/** The part of the quota's periods in which it ran out. */
export function throttled(labels: string, selector: string): string {
  const periods = (name: string): string =>
    sumBy(labels, rate(`container_cpu_cfs_${name}_total`, selector));
  return `${periods("throttled_periods")} / ${periods("periods")}`;
}

/** The working set as a part of the limit, of those that have one: cAdvisor's 0 says that there is none. */
export function limitRatio(labels: string, selector: string): string {
  const used = sumBy(labels, `container_memory_working_set_bytes{${selector}}`);
  return `${used} / (${sumBy(labels, `container_spec_memory_limit_bytes{${selector}}`)} > 0)`;
}

export const job: Choice = {
  name: "job",
  label: "Job",
  prometheus: "label_values(machine_cpu_cores, job)",
  all: true,
};

export const node: Choice = {
  name: "node",
  label: "Node",
  prometheus: 'label_values(machine_cpu_cores{job=~"$job"}, instance)',
  influxdb: 'SHOW TAG VALUES FROM "uptime" WITH KEY = "nodename"',
  all: true,
};

export const aggregator: Choice = {
  name: "aggregator",
  label: "Aggregator",
  prometheus: "label_values(plimsoll_cluster_nodes, instance)",
  all: true,
};

const MARK_RANGE = "1m";

function marks(name: string, color: string, selector: string, types: string): Marks {
  const events = grown("container_events_total", `${selector},type=~"${types}"`, MARK_RANGE);
  return { name, color, prometheus: `${sumBy("instance, name, type", events)} > 0` };
}

/** Every event of these containers, by its weight. */
export function allMarks(selector: string): readonly Marks[] {
  return [
    oomMarks(selector),
    marks("Ends", "orange", selector, "died|removed"),
    marks("Starts", "green", selector, "created|started|restarted|resumed"),
    marks(
      "Changes",
      "blue",
      selector,
      "paused|renamed|health_changed|limits_updated|image_changed",
    ),
  ];
}

/** Only what has been killed for the lack of memory. */
export function oomMarks(selector: string): Marks {
  return marks("Out of memory", "red", selector, "oom_kill");
}
