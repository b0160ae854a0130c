import { BytesIEC, BytesPerSecondIEC, Short } from "@grafana/grafana-foundation-sdk/units";

import type { Dashboard, Panel, Query } from "./dashboard.ts";
import { groupTable } from "./groups.ts";
import { sumOfMeans } from "./influxql.ts";
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

/** All nodes together, each alone. */
type Split = "all" | "node";

const nodes = { type: "node", chosen: { nodename: "node" } } as const;

interface Measured {
  readonly word: string;
  /** PromQL for these labels; nothing where Prometheus has no such number. */
  readonly prometheus?: (labels: string) => string;
  readonly measurement?: string;
  /** What InfluxDB's numbers are divided by. */
  readonly per?: number;
}

function queries(measured: readonly Measured[], split: Split): Query[] {
  const isSplit = split === "node";
  return measured.map(({ word, prometheus, measurement, per }) => {
    const sum = measurement && sumOfMeans(measurement, nodes, isSplit ? ["nodename"] : []);
    const influxdb = sum && per ? sum.replace('sum("value")', `sum("value") / ${per}`) : sum;
    return {
      legend: isSplit ? `${word} {{instance}}` : word,
      alias: isSplit ? `${word} $tag_nodename` : word,
      ...(prometheus === undefined ? {} : { prometheus: prometheus(isSplit ? "instance" : "job") }),
      ...(influxdb === undefined ? {} : { influxdb }),
    };
  });
}

function pair(
  title: string,
  unit: string,
  description: string,
  measured: readonly Measured[],
): Panel[] {
  return (["all", "node"] as const).map((split) => ({
    kind: "graph",
    title: split === "all" ? `${title} of the cluster` : `${title} by node`,
    description,
    unit,
    width: 12,
    queries: queries(measured, split),
  }));
}

const limits = `(container_spec_cpu_quota{${CONTAINERS}} > 0) / on (job, instance, id, name, image) container_spec_cpu_period{${CONTAINERS}}`;

const cpu = pair("CPU", Short, "Cores in use, promised as limits, asked for, and there at all.", [
  {
    word: "usage",
    prometheus: (labels) => cores(labels, MACHINES),
    measurement: "cpu/usage_rate",
    per: 1000,
  },
  {
    word: "limits",
    prometheus: (labels) => sumBy(labels, limits),
    measurement: "cpu/limit",
    per: 1000,
  },
  { word: "requests", measurement: "cpu/request", per: 1000 },
  { word: "capacity", prometheus: capacity },
]);

const memory = pair(
  "Memory",
  BytesIEC,
  "In use, promised as limits, asked for, and there at all.",
  [
    {
      word: "usage",
      prometheus: (labels) => sumBy(labels, `container_memory_usage_bytes{${MACHINES}}`),
      measurement: "memory/usage",
    },
    {
      word: "working set",
      prometheus: (labels) => sumBy(labels, `container_memory_working_set_bytes{${MACHINES}}`),
      measurement: "memory/working_set",
    },
    {
      word: "limits",
      prometheus: (labels) => sumBy(labels, `container_spec_memory_limit_bytes{${CONTAINERS}}`),
      measurement: "memory/limit",
    },
    { word: "requests", measurement: "memory/request" },
    { word: "capacity", prometheus: (labels) => sumBy(labels, `machine_memory_bytes{${AGENTS}}`) },
  ],
);

const network = pair("Network", BytesPerSecondIEC, "Sent and received by the machines.", [
  {
    word: "sent",
    prometheus: (labels) => sumBy(labels, rate("container_network_transmit_bytes_total", MACHINES)),
    measurement: "network/tx_rate",
  },
  {
    word: "received",
    prometheus: (labels) => sumBy(labels, rate("container_network_receive_bytes_total", MACHINES)),
    measurement: "network/rx_rate",
  },
]);

const filesystems = pair(
  "File systems",
  BytesIEC,
  "In use on the machines' disks, and how large they are.",
  [
    {
      word: "usage",
      prometheus: (labels) =>
        sumBy(labels, `container_fs_usage_bytes{${MACHINES},device=~"/dev/.*"}`),
      measurement: "filesystem/usage",
    },
    {
      word: "size",
      prometheus: (labels) =>
        sumBy(labels, `container_fs_limit_bytes{${MACHINES},device=~"/dev/.*"}`),
    },
  ],
);

/** Heapster's cluster dashboard, with sums that do not grow with the step. */
export const kubernetesCluster: Dashboard = {
  name: "kubernetes-cluster",
  title: "Kubernetes cluster",
  description: "The nodes of a cluster together and one by one, and its namespaces.",
  choices: [job, node],
  marks: [oomMarks(CONTAINERS)],
  rows: [
    { title: "CPU", panels: cpu },
    { title: "Memory", panels: memory },
    { title: "Network", panels: network },
    { title: "File systems", panels: filesystems },
    {
      title: "Namespaces",
      panels: [
        {
          ...groupTable(`${AGENTS},group="namespace"`, "name", { name: "Namespace" }),
          noValue: "No container here belongs to a namespace of Kubernetes",
        },
      ],
    },
  ],
};
