import { PercentUnit, Short } from "@grafana/grafana-foundation-sdk/units";

import type { Dashboard, Panel } from "./dashboard.ts";
import {
  capacity,
  CONTAINERS,
  cores,
  job,
  MACHINES,
  node,
  oomMarks,
  rate,
  sumBy,
  AGENTS,
  limitRatio,
  throttled,
} from "./promql.ts";

const BY = "instance, name";
const WHO = "{{name}} on {{instance}}";
const NO_PRESSURE = "This kernel counts no pressure: it needs psi=1";

const toContainer = { dashboard: "container", with: { node: "instance", container: "name" } };

function pressure(what: string): string {
  return sumBy(BY, rate(`container_pressure_${what}_waiting_seconds_total`, CONTAINERS));
}

const cpuShare = `${cores(BY, CONTAINERS)} / on (instance) group_left () ${capacity("instance")}`;
const memoryShare = `${sumBy(BY, `container_memory_working_set_bytes{${CONTAINERS}}`)} / on (instance) group_left () ${sumBy("instance", `machine_memory_bytes{${AGENTS}}`)}`;

function moved(labels: string, selector: string): string {
  const of = (what: string): string =>
    sumBy(labels, rate(`container_fs_${what}_bytes_total`, selector));
  return `(${of("reads")} + ${of("writes")})`;
}

const diskShare = `${moved(BY, CONTAINERS)} / on (instance) group_left () (${moved("instance", MACHINES)} > 0)`;

function graph(title: string, description: string, expression: string, noValue: string): Panel {
  return {
    kind: "graph",
    title,
    description,
    unit: PercentUnit,
    width: 12,
    noValue,
    opens: toContainer,
    queries: [{ prometheus: `topk(10, ${expression})`, legend: WHO }],
  };
}

const waiting = "Part of the time in which some of its tasks waited";

const suffer: readonly Panel[] = [
  graph(
    "Waits for CPU",
    `${waiting} for a CPU, also because of its own limit.`,
    pressure("cpu"),
    NO_PRESSURE,
  ),
  graph(
    "Waits for memory",
    `${waiting} for memory to be made free.`,
    pressure("memory"),
    NO_PRESSURE,
  ),
  graph("Waits for I/O", `${waiting} for a disk.`, pressure("io"), NO_PRESSURE),
  graph(
    "Throttled by its own limit",
    "Part of the quota's periods in which it ran out: who waits here is no neighbour's victim.",
    throttled(BY, CONTAINERS),
    "No CPU limit is set",
  ),
];

const cause: readonly Panel[] = [
  graph("Share of the node's CPU", "Cores in use as a part of the machine's.", cpuShare, "No data"),
  graph(
    "Share of the node's memory",
    "Working set as a part of the machine's memory.",
    memoryShare,
    "No data",
  ),
  graph(
    "Share of the node's disk traffic",
    "Bytes read and written as a part of the machine's. With cgroup v1 the kernel counts few of them.",
    diskShare,
    "The kernel counts none for containers",
  ),
  graph(
    "Share of its own memory limit",
    "Working set as a part of the limit.",
    limitRatio(BY, CONTAINERS),
    "No container has a memory limit",
  ),
];

const both: Panel = {
  kind: "table",
  title: "Who waits beside whom",
  description:
    "The 50 that wait most for a CPU, and what each takes itself: who waits much and takes little suffers, who takes much makes others wait.",
  unit: Short,
  width: 24,
  keys: { instance: "Node", name: "Container" },
  opens: toContainer,
  noValue: NO_PRESSURE,
  queries: [
    ["Waits for CPU", pressure("cpu")],
    ["Waits for memory", pressure("memory")],
    ["Waits for I/O", pressure("io")],
    ["Throttled", throttled(BY, CONTAINERS)],
    ["Share of CPU", cpuShare],
    ["Share of memory", memoryShare],
  ].map(([legend = "", expression = ""], index) => ({
    legend,
    unit: PercentUnit,
    prometheus:
      index === 0
        ? `topk(50, ${expression})`
        : `(${expression}) and on (${BY}) topk(50, ${pressure("cpu")})`,
  })),
};

const machines: Panel = {
  kind: "graph",
  title: "Pressure on nodes",
  description: "Part of the time in which some task of the machine waited: where to look first.",
  unit: PercentUnit,
  width: 24,
  noValue: NO_PRESSURE,
  queries: ["cpu", "memory", "io"].map((what) => ({
    prometheus: `topk(10, ${sumBy("instance", rate(`container_pressure_${what}_waiting_seconds_total`, MACHINES))})`,
    legend: `${what} {{instance}}`,
  })),
};

/** Who stalls whom. */
export const noisyNeighbours: Dashboard = {
  name: "noisy-neighbours",
  title: "Noisy neighbours",
  description:
    "Who waits, for what, and who takes it: pressure, throttling and shares, side by side.",
  choices: [job, node],
  marks: [oomMarks(CONTAINERS)],
  rows: [
    { title: "Nodes", panels: [machines] },
    { title: "Both at once", panels: [both] },
    { title: "Who waits", panels: suffer },
    { title: "Who takes", panels: cause },
  ],
};
