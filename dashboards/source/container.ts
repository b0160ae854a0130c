import {
  BytesIEC,
  BytesPerSecondIEC,
  PacketsPerSecond,
  PercentUnit,
  Short,
  DurationSeconds,
} from "@grafana/grafana-foundation-sdk/units";

import type { Choice, Dashboard, Panel, Query } from "./dashboard.ts";
import { meanBy } from "./influxql.ts";
import {
  AGENTS,
  allMarks,
  CHOSEN,
  cores,
  grown,
  job,
  limitRatio,
  node,
  rate,
  sumBy,
  throttled,
} from "./promql.ts";
import { FULL } from "./steps.ts";

const BY = "instance, name";
const WHO = "{{name}} on {{instance}}";

const container: Choice = {
  name: "container",
  label: "Container",
  prometheus: `label_values(container_last_seen{${AGENTS},name!=""}, name)`,
  influxdb:
    'SHOW TAG VALUES FROM "uptime" WITH KEY = "container_name" WHERE "nodename" =~ /^$node$/',
  all: false,
};

function inflow(measurement: string): string {
  const chosen = { nodename: "node", container_name: "container" };
  // Containers of pods and all others are of two types; the tag tells them apart.
  return meanBy(measurement, { type: "pod_container", chosen }, [
    "container_name",
    "nodename",
  ]).replace(`"type" = 'pod_container'`, `"type" =~ /container$/`);
}

const TAGS = "$tag_container_name on $tag_nodename";

/** Highest and average of the last minute, measured each second; InfluxDB has them for each interval. */
function windows(statistic: string, measurement?: string, per = 1): readonly Query[] {
  return (["max", "avg"] as const).map((stat) => {
    const field = stat === "max" ? 'max("max")' : 'mean("value")';
    const mean = measurement && inflow(measurement);
    const influxdb = mean && mean.replace('mean("value")', per === 1 ? field : `${field} / ${per}`);
    return {
      prometheus: `max by (${BY}, stat) (plimsoll_window_${statistic}{${CHOSEN},stat="${stat}"})`,
      legend: `{{stat}} ${WHO}`,
      alias: `${stat} ${TAGS}`,
      ...(influxdb === undefined ? {} : { influxdb }),
    };
  });
}

const glance: readonly Panel[] = [
  {
    kind: "stat",
    title: "Running for",
    description: "Since its last start.",
    unit: DurationSeconds,
    width: 6,
    queries: [
      {
        prometheus: `time() - max by (${BY}) (container_start_time_seconds{${CHOSEN}})`,
        legend: WHO,
      },
    ],
  },
  {
    kind: "stat",
    title: "Memory limit in use",
    description: "Working set as a part of the limit.",
    unit: PercentUnit,
    width: 6,
    steps: FULL,
    noValue: "no limit",
    queries: [{ prometheus: limitRatio(BY, CHOSEN), legend: WHO }],
  },
  {
    kind: "stat",
    title: "Killed for lack of memory",
    description: "Processes that the kernel has killed in the time shown.",
    unit: Short,
    width: 6,
    steps: [[1, "red"]],
    queries: [
      {
        prometheus: sumBy(BY, `increase(container_oom_events_total{${CHOSEN}}[$__range])`),
        legend: WHO,
      },
    ],
  },
  {
    kind: "stat",
    title: "Starts",
    description: "How often it was started in the time shown, as far as the agent has seen it.",
    unit: Short,
    width: 6,
    noValue: "none",
    queries: [
      {
        prometheus: sumBy(
          BY,
          grown("container_events_total", `${CHOSEN},type="started"`, "$__range"),
        ),
        legend: WHO,
      },
    ],
  },
];

const cpu: readonly Panel[] = [
  {
    kind: "graph",
    title: "CPU",
    description: "Cores in use in user mode and in the kernel, and the limit if there is one.",
    unit: Short,
    width: 12,
    queries: [
      {
        prometheus: cores(BY, CHOSEN),
        influxdb: inflow("cpu/usage_rate").replace('mean("value")', 'mean("value") / 1000'),
        legend: WHO,
        alias: TAGS,
      },
      {
        prometheus: sumBy(BY, rate("container_cpu_system_seconds_total", CHOSEN)),
        legend: `kernel ${WHO}`,
      },
      {
        prometheus: `max by (${BY}) ((container_spec_cpu_quota{${CHOSEN}} > 0) / container_spec_cpu_period{${CHOSEN}})`,
        legend: `limit ${WHO}`,
      },
    ],
  },
  {
    kind: "graph",
    title: "CPU from second to second",
    description: "Highest and average of the last minute, measured each second.",
    unit: Short,
    width: 12,
    noValue: "The agent keeps these numbers with --window-statistics",
    queries: windows("cpu_cores", "cpu/usage_rate", 1000),
  },
  {
    kind: "graph",
    title: "Throttled",
    description: "Part of the quota's periods in which it ran out. Empty without a CPU limit.",
    unit: PercentUnit,
    width: 12,
    max: 1,
    noValue: "No CPU limit is set",
    queries: [{ prometheus: throttled(BY, CHOSEN), legend: WHO }],
  },
  {
    kind: "graph",
    title: "Pressure",
    description:
      "Part of the time in which some of its tasks waited, and (stalled) in which all did.",
    unit: PercentUnit,
    width: 12,
    max: 1,
    noValue: "This kernel counts no pressure: it needs psi=1",
    queries: ["cpu_waiting", "memory_waiting", "memory_stalled", "io_waiting", "io_stalled"].map(
      (what) => ({
        prometheus: sumBy(BY, rate(`container_pressure_${what}_seconds_total`, CHOSEN)),
        legend: `${what.replace("_", " ")} ${WHO}`,
      }),
    ),
  },
];

const memory: readonly Panel[] = [
  {
    kind: "graph",
    title: "Memory",
    description:
      "Working set: what can't be had back at once. Anonymous memory and page cache are parts of the usage.",
    unit: BytesIEC,
    width: 12,
    queries: [
      {
        prometheus: sumBy(BY, `container_memory_working_set_bytes{${CHOSEN}}`),
        influxdb: inflow("memory/working_set"),
        legend: `working set ${WHO}`,
        alias: `working set ${TAGS}`,
      },
      { prometheus: sumBy(BY, `container_memory_rss{${CHOSEN}}`), legend: `anonymous ${WHO}` },
      {
        prometheus: sumBy(BY, `container_memory_cache{${CHOSEN}}`),
        legend: `cache ${WHO}`,
      },
      { prometheus: sumBy(BY, `container_memory_swap{${CHOSEN}}`), legend: `swap ${WHO}` },
      {
        prometheus: `max by (${BY}) (container_spec_memory_limit_bytes{${CHOSEN}} > 0)`,
        legend: `limit ${WHO}`,
      },
    ],
  },
  {
    kind: "graph",
    title: "Memory from second to second",
    description: "Highest and average working set of the last minute, measured each second.",
    unit: BytesIEC,
    width: 12,
    noValue: "The agent keeps these numbers with --window-statistics",
    queries: windows("memory_working_set_bytes", "memory/working_set"),
  },
  {
    kind: "graph",
    title: "Page faults that waited for a disk",
    description: "Many of them mean that memory is too short for what is in use.",
    unit: Short,
    width: 12,
    queries: [
      {
        prometheus: sumBy(
          BY,
          rate(
            "container_memory_failures_total",
            `${CHOSEN},failure_type="pgmajfault",scope="hierarchy"`,
          ),
        ),
        influxdb: inflow("memory/major_page_faults_rate"),
        legend: WHO,
        alias: TAGS,
      },
    ],
  },
  {
    kind: "graph",
    title: "Processes and threads",
    description:
      "Of the container and everything below it. Threads and open files are there if --metrics-enable names the group process, beside all others that are wanted.",
    unit: Short,
    width: 12,
    queries: [
      {
        prometheus: `max by (${BY}) (plimsoll_window_processes{${CHOSEN},stat="max"})`,
        legend: `processes ${WHO}`,
      },
      { prometheus: sumBy(BY, `container_threads{${CHOSEN}}`), legend: `threads ${WHO}` },
      {
        prometheus: sumBy(BY, `container_file_descriptors{${CHOSEN}}`),
        legend: `open files ${WHO}`,
      },
    ],
  },
];

const network: readonly Panel[] = [
  {
    kind: "graph",
    title: "Network",
    description: "Received and sent. Empty with the machine's own network or none.",
    unit: BytesPerSecondIEC,
    width: 12,
    noValue: "It has no network of its own",
    queries: (["receive", "transmit"] as const).map((direction) => ({
      prometheus: sumBy(BY, rate(`container_network_${direction}_bytes_total`, CHOSEN)),
      legend: `${direction === "receive" ? "received" : "sent"} ${WHO}`,
    })),
  },
  {
    kind: "graph",
    title: "Network from second to second",
    description: "Highest and average received of the last minute, measured each second.",
    unit: BytesPerSecondIEC,
    width: 12,
    noValue: "It has no network of its own",
    queries: windows("network_receive_bytes_per_second"),
  },
  {
    kind: "graph",
    title: "Errors and drops",
    description: "Packets that were not received or sent.",
    unit: PacketsPerSecond,
    width: 12,
    noValue: "It has no network of its own",
    queries: [
      "receive_errors",
      "transmit_errors",
      "receive_packets_dropped",
      "transmit_packets_dropped",
    ].map((what) => ({
      prometheus: sumBy(BY, rate(`container_network_${what}_total`, CHOSEN)),
      legend: `${what.replaceAll("_", " ")} ${WHO}`,
    })),
  },
];

const disk: readonly Panel[] = [
  {
    kind: "graph",
    title: "Disk in use",
    description: "Its writable layer and its log; named volumes apart.",
    unit: BytesIEC,
    width: 12,
    queries: [
      { prometheus: sumBy(BY, `container_fs_usage_bytes{${CHOSEN}}`), legend: WHO },
      {
        prometheus: sumBy(`${BY}, volume`, `container_volume_usage_bytes{${CHOSEN}}`),
        legend: `volume {{volume}} ${WHO}`,
      },
    ],
  },
  {
    kind: "graph",
    title: "Block devices",
    description:
      "Read from and written to devices. With cgroup v1 the kernel counts this only where a scheduler or a limit does.",
    unit: BytesPerSecondIEC,
    width: 12,
    noValue: "The kernel counts none for it",
    queries: ["reads", "writes"].map((what) => ({
      prometheus: sumBy(BY, rate(`container_fs_${what}_bytes_total`, CHOSEN)),
      legend: `${what} ${WHO}`,
    })),
  },
];

const events: readonly Panel[] = [
  {
    kind: "counts",
    title: "What happened",
    description: "Events of the container by type.",
    unit: Short,
    width: 24,
    noValue: "Nothing has happened",
    queries: [
      {
        prometheus: sumBy(`${BY}, type`, grown("container_events_total", CHOSEN, "$__interval")),
        legend: `{{type}} ${WHO}`,
      },
    ],
  },
];

/** Everything about one container. */
export const containerDashboard: Dashboard = {
  name: "container",
  title: "Container",
  description: "Everything about one container: use, limits, waiting, and what happened to it.",
  choices: [job, node, container],
  marks: allMarks(CHOSEN),
  rows: [
    { title: "At a glance", panels: glance },
    { title: "CPU", panels: cpu },
    { title: "Memory", panels: memory },
    { title: "Network", panels: network },
    { title: "Disk", panels: disk },
    { title: "Events", panels: events },
  ],
};
