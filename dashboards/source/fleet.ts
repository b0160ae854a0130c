import {
  BytesIEC,
  BytesPerSecondIEC,
  PercentUnit,
  Short,
} from "@grafana/grafana-foundation-sdk/units";

import type { Dashboard, Panel, Row } from "./dashboard.ts";
import { sumOfMeans } from "./influxql.ts";
import {
  AGENTS,
  capacity,
  CONTAINERS,
  cores,
  grown,
  job,
  limitRatio,
  MACHINES,
  node,
  oomMarks,
  rate,
  sumBy,
  throttled,
} from "./promql.ts";
import { FULL } from "./steps.ts";

const toNode = { dashboard: "node", with: { node: "instance" } };
const toContainer = { dashboard: "container", with: { node: "instance", container: "name" } };

/** What the busiest containers are ordered by, and which of them a table shows. */
const BUSIEST = `topk(50, ${cores("instance, name", CONTAINERS)})`;

function ofBusiest(expression: string): string {
  return `${expression} and on (instance, name) ${BUSIEST}`;
}

const nodes = { type: "node", chosen: { nodename: "node" } } as const;

const glance: readonly Panel[] = [
  {
    kind: "stat",
    title: "Nodes",
    description: "Nodes whose agent answers.",
    unit: Short,
    width: 4,
    queries: [{ prometheus: `count(machine_cpu_cores{${AGENTS}})`, legend: "nodes" }],
  },
  {
    kind: "stat",
    title: "Nodes without data",
    description: "Agents that Prometheus knows and that did not answer the last time.",
    unit: Short,
    width: 4,
    steps: [[1, "red"]],
    queries: [{ prometheus: `sum(up{${AGENTS}} == bool 0)`, legend: "nodes" }],
  },
  {
    kind: "stat",
    title: "Containers",
    description: "Containers that run.",
    unit: Short,
    width: 4,
    queries: [{ prometheus: `count(container_last_seen{${CONTAINERS}})`, legend: "containers" }],
  },
  {
    kind: "stat",
    title: "CPU in use",
    description: "Cores in use, as a part of all cores. Above 90 % work has to wait.",
    unit: PercentUnit,
    width: 4,
    steps: FULL,
    queries: [
      {
        prometheus: `sum(${rate("container_cpu_usage_seconds_total", MACHINES)}) / sum(machine_cpu_cores{${AGENTS}})`,
        legend: "in use",
      },
    ],
  },
  {
    kind: "stat",
    title: "Memory in use",
    description: "Working sets of the machines, as a part of all memory.",
    unit: PercentUnit,
    width: 4,
    steps: FULL,
    queries: [
      {
        prometheus: `sum(container_memory_working_set_bytes{${MACHINES}}) / sum(machine_memory_bytes{${AGENTS}})`,
        legend: "in use",
      },
    ],
  },
  {
    kind: "stat",
    title: "Killed for lack of memory",
    description: "Processes that the kernel has killed in the time shown.",
    unit: Short,
    width: 4,
    steps: [[1, "red"]],
    queries: [
      {
        prometheus: `sum(increase(container_oom_events_total{${CONTAINERS}}[$__range]))`,
        legend: "kills",
      },
    ],
  },
];

const nodePanels: readonly Panel[] = [
  {
    kind: "table",
    title: "Nodes by CPU",
    description: "The 50 busiest nodes. Click a node to see it alone.",
    unit: Short,
    width: 24,
    keys: { instance: "Node" },
    opens: toNode,
    queries: [
      {
        prometheus: `topk(50, ${cores("instance", MACHINES)} / ${capacity("instance")})`,
        legend: "CPU",
        unit: PercentUnit,
      },
      {
        prometheus: `topk(50, ${sumBy("instance", `container_memory_working_set_bytes{${MACHINES}}`)} / ${sumBy("instance", `machine_memory_bytes{${AGENTS}}`)})`,
        legend: "Memory",
        unit: PercentUnit,
      },
      {
        prometheus: `topk(50, count by (instance) (container_last_seen{${CONTAINERS}}))`,
        legend: "Containers",
        unit: Short,
      },
      {
        prometheus: `topk(50, ${sumBy("instance", rate("container_pressure_cpu_waiting_seconds_total", MACHINES))})`,
        legend: "Waits for CPU",
        unit: PercentUnit,
      },
      {
        prometheus: `topk(50, ${sumBy("instance", rate("container_pressure_io_waiting_seconds_total", MACHINES))})`,
        legend: "Waits for I/O",
        unit: PercentUnit,
      },
    ],
  },
  {
    kind: "graph",
    title: "CPU by node",
    description: "Cores in use of the ten busiest machines, containers and all else.",
    unit: Short,
    width: 12,
    opens: toNode,
    queries: [
      {
        prometheus: `topk(10, ${cores("instance", MACHINES)})`,
        influxdb: `SELECT mean("value") / 1000 FROM "cpu/usage_rate" WHERE "type" = 'node' AND "nodename" =~ /^$node$/ AND $timeFilter GROUP BY time($__interval), "nodename" fill(null)`,
        legend: "{{instance}}",
        alias: "$tag_nodename",
      },
    ],
  },
  {
    kind: "graph",
    title: "Memory by node",
    description: "Working sets of the ten machines that use most.",
    unit: BytesIEC,
    width: 12,
    opens: toNode,
    queries: [
      {
        prometheus: `topk(10, ${sumBy("instance", `container_memory_working_set_bytes{${MACHINES}}`)})`,
        influxdb: sumOfMeans("memory/working_set", nodes, ["nodename"]),
        legend: "{{instance}}",
        alias: "$tag_nodename",
      },
    ],
  },
  {
    kind: "graph",
    title: "Network by node",
    description: "Received by the machines' own interfaces, those of containers left out.",
    unit: BytesPerSecondIEC,
    width: 12,
    opens: toNode,
    queries: [
      {
        prometheus: `topk(10, ${sumBy("instance", rate("container_network_receive_bytes_total", MACHINES))})`,
        influxdb: sumOfMeans("network/rx_rate", nodes, ["nodename"]),
        legend: "{{instance}}",
        alias: "$tag_nodename",
      },
    ],
  },
  {
    kind: "graph",
    title: "Disks by node",
    description: "Read and written by all block devices of the machines.",
    unit: BytesPerSecondIEC,
    width: 12,
    opens: toNode,
    queries: [
      {
        prometheus: `topk(10, ${sumBy("instance", rate("container_fs_reads_bytes_total", MACHINES))} + ${sumBy("instance", rate("container_fs_writes_bytes_total", MACHINES))})`,
        legend: "{{instance}}",
      },
    ],
  },
];

const containerPanels: readonly Panel[] = [
  {
    kind: "table",
    title: "Containers by CPU",
    description:
      "The 50 busiest containers. Limits and throttling are empty where none is set. Click a container to see it alone.",
    unit: Short,
    width: 24,
    keys: { name: "Container", instance: "Node" },
    opens: toContainer,
    queries: [
      { prometheus: BUSIEST, legend: "CPU cores", unit: Short },
      {
        prometheus: ofBusiest(
          sumBy("instance, name", `container_memory_working_set_bytes{${CONTAINERS}}`),
        ),
        legend: "Memory",
        unit: BytesIEC,
      },
      {
        prometheus: ofBusiest(limitRatio("instance, name", CONTAINERS)),
        legend: "Of its limit",
        unit: PercentUnit,
      },
      {
        prometheus: ofBusiest(throttled("instance, name", CONTAINERS)),
        legend: "Throttled",
        unit: PercentUnit,
      },
    ],
  },
  {
    kind: "bars",
    title: "Most memory",
    description: "Working sets, now.",
    unit: BytesIEC,
    width: 12,
    opens: toContainer,
    queries: [
      {
        prometheus: `topk(10, ${sumBy("instance, name", `container_memory_working_set_bytes{${CONTAINERS}}`)})`,
        legend: "{{name}} on {{instance}}",
      },
    ],
  },
  {
    kind: "bars",
    title: "Nearest to their memory limits",
    description: "Working set as a part of the limit. At 100 % the kernel kills.",
    unit: PercentUnit,
    width: 12,
    max: 1,
    steps: FULL,
    noValue: "No container has a memory limit",
    opens: toContainer,
    queries: [
      {
        prometheus: `topk(10, ${limitRatio("instance, name", CONTAINERS)})`,
        legend: "{{name}} on {{instance}}",
      },
    ],
  },
];

const events: Row = {
  title: "Events",
  panels: [
    {
      kind: "counts",
      title: "What happened",
      description: "Events of containers by type, as the agents saw them.",
      unit: Short,
      width: 24,
      noValue: "Nothing has happened",
      queries: [
        {
          prometheus: sumBy("type", grown("container_events_total", CONTAINERS, "$__interval")),
          legend: "{{type}}",
        },
      ],
    },
  ],
};

/** All nodes, and who is busiest on them. */
export const fleet: Dashboard = {
  name: "fleet",
  title: "Fleet",
  description: "All nodes: how full they are, what is busiest on them, and what happens.",
  choices: [job, node],
  marks: [oomMarks(CONTAINERS)],
  rows: [
    { title: "At a glance", panels: glance },
    { title: "Nodes", panels: nodePanels },
    { title: "Containers", panels: containerPanels },
    events,
  ],
};
