/** cAdvisor's metric groups that are on if nothing is set. */
const ON_BY_DEFAULT = [
  "app",
  "cpu",
  "cpuLoad",
  "disk",
  "diskIO",
  "memory",
  "network",
  "oom_event",
  "percpu",
  "perf_event",
  "pressure",
] as const;

/** Those that must be asked for. */
const OFF_BY_DEFAULT = [
  "advtcp",
  "cpu_topology",
  "cpuset",
  "hugetlb",
  "memory_numa",
  "process",
  "referenced_memory",
  "resctrl",
  "sched",
  "tcp",
  "udp",
] as const;

/** The name of a metric group, as `--metrics-enable` and `--metrics-disable` take it. */
export type MetricGroup = (typeof ON_BY_DEFAULT)[number] | (typeof OFF_BY_DEFAULT)[number];

/** All their names. */
export const METRIC_GROUPS: readonly MetricGroup[] = [...ON_BY_DEFAULT, ...OFF_BY_DEFAULT];

/** Whether a word is the name of a group. */
export function isMetricGroup(word: string): word is MetricGroup {
  return METRIC_GROUPS.some((group) => group === word);
}

/** Whether a group is on if nothing is set. */
export function isOnByDefault(group: MetricGroup): boolean {
  return ON_BY_DEFAULT.some((name) => name === group);
}
