import {
  encodeHead,
  encodeLabels,
  encodeValue,
  type ExpositionFormat,
} from "../../../wire/exposition/encode.ts";
import type { Page } from "../../../wire/exposition/page.ts";
import {
  type MachineMetric,
  machineMetrics,
  type MachineMetricName,
} from "../../../wire/metrics/machine.ts";
import type { Machine } from "../../machine/machine.ts";
import type { AgentView } from "../route.ts";
import type { PageSection } from "./family.ts";
import { type MachineSeries, topologySeries } from "./topology.ts";

/** Takes the series of one family from the machine. */
type ReadSeries = (machine: Machine) => MachineSeries;

function one(valueOf: (machine: Machine) => number | undefined): ReadSeries {
  return (machine) => [[[], valueOf(machine)]];
}

/** 0 stands for what could not be read. */
const known = (value: number): number | undefined => (value === 0 ? undefined : value);

const SERIES: Readonly<Record<MachineMetricName, ReadSeries>> = {
  machine_cpu_books: one(({ books }) => books),
  machine_cpu_cores: one(({ cpuCores }) => known(cpuCores)),
  machine_cpu_drawers: one(({ drawers }) => drawers),
  machine_cpu_physical_cores: one(({ physicalCores }) => physicalCores),
  machine_cpu_sockets: one(({ sockets }) => sockets),
  machine_dimm_capacity_bytes: ({ dimms }) =>
    dimms.map(({ type, capacityBytes }) => [[type], capacityBytes]),
  machine_dimm_count: ({ dimms }) => dimms.map(({ type, count }) => [[type], count]),
  machine_memory_bytes: one(({ memoryBytes }) => known(memoryBytes)),
  machine_nvm_capacity: ({ persistentMemoryBytes }) => [
    [["app_direct_mode"], persistentMemoryBytes],
  ],
  machine_swap_bytes: one(({ swapBytes }) => swapBytes),
  ...topologySeries,
  machine_scrape_error: one(({ isStale }) => Number(isStale)),
};

function namesOf({ bootId, machineId, systemUuid }: Machine): string {
  return encodeLabels({ boot_id: bootId, machine_id: machineId, system_uuid: systemUuid });
}

/** Labels and values of a family as they stand on the page. No two have the same labels. */
function linesOf({ name, per = [], isBare = false }: MachineMetric, machine: Machine): string[] {
  const lines = new Map<string, string>();
  const names = isBare ? "" : namesOf(machine);
  for (const [values, value] of SERIES[name](machine)) {
    if (value === undefined) continue;
    const own = encodeLabels(
      Object.fromEntries(per.map((key, index) => [key, values[index] ?? ""])),
    );
    const labels = [names, own].filter((text) => text !== "").join(",");
    if (lines.has(labels)) continue;
    lines.set(labels, `${name}${labels === "" ? "" : `{${labels}}`} ${encodeValue(value)}\n`);
  }
  return [...lines.values()];
}

/** Writes the families of the machine as it was read last. */
export function writeMachine(
  page: Page,
  format: ExpositionFormat,
  machine: Machine,
  metrics: readonly MachineMetric[],
): void {
  for (const metric of metrics) {
    const lines = linesOf(metric, machine);
    if (lines.length === 0) continue;
    page.write(encodeHead({ name: metric.name, help: metric.help, type: "gauge" }, format));
    page.write(lines.join(""));
  }
}

/** The families about the machine itself; those of a group only where it is on. */
export function machineSection(view: Pick<AgentView, "machine" | "isGroupOn">): PageSection {
  const metrics = machineMetrics.filter(
    ({ group }) => group === undefined || view.isGroupOn(group),
  );
  return (page, format) => writeMachine(page, format, view.machine, metrics);
}
