import {
  BytesIEC,
  BytesPerSecondIEC,
  PacketsPerSecond,
  PercentUnit,
  Short,
} from "@grafana/grafana-foundation-sdk/units";

import type { Dashboard, Panel } from "./dashboard.ts";
import { meanBy } from "./influxql.ts";
import {
  AGENTS,
  capacity,
  CONTAINERS,
  cores,
  job,
  MACHINES,
  node,
  oomMarks,
  rate,
  sumBy,
} from "./promql.ts";
import { FULL } from "./steps.ts";

const nodes = { type: "node", chosen: { nodename: "node" } } as const;

const toContainer = { dashboard: "container", with: { node: "instance", container: "name" } };

function ofNode(measurement: string): string {
  return meanBy(measurement, nodes, ["nodename"]);
}

const cpu: readonly Panel[] = [
  {
    kind: "graph",
    title: "CPU",
    description:
      "Cores in use of the whole machine, those used by containers, and all that it has.",
    unit: Short,
    width: 12,
    queries: [
      {
        prometheus: cores("instance", MACHINES),
        influxdb: ofNode("cpu/usage_rate").replace('mean("value")', 'mean("value") / 1000'),
        legend: "machine {{instance}}",
        alias: "machine $tag_nodename",
      },
      { prometheus: cores("instance", CONTAINERS), legend: "containers {{instance}}" },
      { prometheus: capacity("instance"), legend: "capacity {{instance}}" },
    ],
  },
  {
    kind: "graph",
    title: "CPU from second to second",
    description:
      "Highest and average cores in use of the last minute, measured each second: what an average hides.",
    unit: Short,
    width: 12,
    queries: ["max", "avg"].map((stat) => ({
      prometheus: `plimsoll_window_cpu_cores{${MACHINES},stat="${stat}"}`,
      legend: "{{stat}} {{instance}}",
    })),
  },
  {
    kind: "bars",
    title: "Busiest containers",
    description: "Cores in use, now.",
    unit: Short,
    width: 12,
    opens: toContainer,
    queries: [
      {
        prometheus: `topk(10, ${cores("instance, name", CONTAINERS)})`,
        legend: "{{name}} on {{instance}}",
      },
    ],
  },
  {
    kind: "graph",
    title: "Pressure",
    description: "Part of the time in which some task of the machine waited.",
    unit: PercentUnit,
    width: 12,
    max: 1,
    noValue: "This kernel counts no pressure: it needs psi=1",
    queries: ["cpu", "memory", "io"].map((what) => ({
      prometheus: sumBy(
        "instance",
        rate(`container_pressure_${what}_waiting_seconds_total`, MACHINES),
      ),
      legend: `${what} {{instance}}`,
    })),
  },
];

const memory: readonly Panel[] = [
  {
    kind: "graph",
    title: "Memory",
    description:
      "Working set and usage with page cache of the machine, of its containers, and all there is.",
    unit: BytesIEC,
    width: 12,
    queries: [
      {
        prometheus: sumBy("instance", `container_memory_working_set_bytes{${MACHINES}}`),
        influxdb: ofNode("memory/working_set"),
        legend: "working set {{instance}}",
        alias: "working set $tag_nodename",
      },
      {
        prometheus: sumBy("instance", `container_memory_usage_bytes{${MACHINES}}`),
        influxdb: ofNode("memory/usage"),
        legend: "with cache {{instance}}",
        alias: "with cache $tag_nodename",
      },
      {
        prometheus: sumBy("instance", `container_memory_working_set_bytes{${CONTAINERS}}`),
        legend: "containers {{instance}}",
      },
      {
        prometheus: sumBy("instance", `machine_memory_bytes{${AGENTS}}`),
        legend: "capacity {{instance}}",
      },
    ],
  },
  {
    kind: "bars",
    title: "Most memory",
    description: "Working sets of containers, now.",
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
];

function traffic(direction: "receive" | "transmit", measurement: string): Panel {
  return {
    kind: "graph",
    title: direction === "receive" ? "Received" : "Sent",
    description: "By each interface of the machine.",
    unit: BytesPerSecondIEC,
    width: 12,
    queries: [
      {
        prometheus: sumBy(
          "instance, interface",
          rate(`container_network_${direction}_bytes_total`, MACHINES),
        ),
        influxdb: ofNode(measurement),
        legend: "{{interface}} {{instance}}",
        alias: "$tag_nodename",
      },
    ],
  };
}

const network: readonly Panel[] = [
  traffic("receive", "network/rx_rate"),
  traffic("transmit", "network/tx_rate"),
  {
    kind: "graph",
    title: "Errors and drops",
    description: "Packets that were not received or sent.",
    unit: PacketsPerSecond,
    width: 24,
    steps: [[1, "red"]],
    queries: [
      "receive_errors",
      "transmit_errors",
      "receive_packets_dropped",
      "transmit_packets_dropped",
    ].map((what) => ({
      prometheus: sumBy("instance", rate(`container_network_${what}_total`, MACHINES)),
      legend: `${what.replaceAll("_", " ")} {{instance}}`,
    })),
  },
];

const disk: readonly Panel[] = [
  {
    kind: "graph",
    title: "Block devices",
    description: "Read and written by each device.",
    unit: BytesPerSecondIEC,
    width: 12,
    queries: ["reads", "writes"].map((what) => ({
      prometheus: sumBy("instance, device", rate(`container_fs_${what}_bytes_total`, MACHINES)),
      legend: `${what} {{device}} {{instance}}`,
    })),
  },
  {
    kind: "bars",
    title: "File systems",
    description: "How full they are.",
    unit: PercentUnit,
    width: 12,
    max: 1,
    steps: FULL,
    queries: [
      {
        prometheus: `topk(20, max by (instance, device) (container_fs_usage_bytes{${MACHINES}} / (container_fs_limit_bytes{${MACHINES}} > 0)))`,
        legend: "{{device}} on {{instance}}",
      },
    ],
  },
  {
    kind: "graph",
    title: "Disk in use",
    description: "Of all file systems of the machine.",
    unit: BytesIEC,
    width: 12,
    queries: [
      {
        influxdb: ofNode("filesystem/usage"),
        prometheus: sumBy("instance, device", `container_fs_usage_bytes{${MACHINES}}`),
        legend: "{{device}} {{instance}}",
        alias: "$tag_nodename",
      },
    ],
  },
  {
    kind: "bars",
    title: "Largest containers on disk",
    description: "Writable layers and logs.",
    unit: BytesIEC,
    width: 12,
    opens: toContainer,
    queries: [
      {
        prometheus: `topk(10, ${sumBy("instance, name", `container_fs_usage_bytes{${CONTAINERS}}`)})`,
        legend: "{{name}} on {{instance}}",
      },
    ],
  },
];

/** One node, or a few. */
export const nodeDashboard: Dashboard = {
  name: "node",
  title: "Node",
  description: "A machine: what it has, what its containers use of it, and for what they wait.",
  choices: [job, node],
  marks: [oomMarks(CONTAINERS)],
  rows: [
    { title: "CPU", panels: cpu },
    { title: "Memory", panels: memory },
    { title: "Network", panels: network },
    { title: "Disks", panels: disk },
  ],
};
