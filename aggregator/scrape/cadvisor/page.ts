import type { Sample } from "../../../wire/exposition/parse-sample.ts";
import type { Labels } from "../../../wire/labels.ts";
import { allMetrics } from "../../../wire/metrics/all.ts";
import { columnRules, CPU_USAGE } from "./columns.ts";

/** What is not a column, but part of who a container is. */
const FACTS: ReadonlySet<string> = new Set([
  "container_spec_memory_limit_bytes",
  "container_spec_cpu_quota",
  "container_spec_cpu_period",
  "container_threads_max",
  "container_start_time_seconds",
]);

/** A container as a page shows it. */
export interface PageContainer {
  /** Absolute cgroup path. */
  readonly id: string;
  readonly labels: Labels;
  /** Unix milliseconds of its numbers. */
  time: number;
  /** Raw, in the order of `allMetrics`. */
  readonly row: Float64Array;
  /** Its limits and the like by the names of their families. */
  readonly facts: Map<string, number>;
  hasTotalCpu: boolean;
}

/** Gathers containers and their machine from the samples of a page, as cAdvisor and kubelets expose them. */
export class CadvisorPage {
  cpuCores: number = Number.NaN;
  memoryBytes: number = Number.NaN;
  /** Of one path there are two for a while after its container was replaced. */
  readonly #containers = new Map<string, PageContainer>();

  /** Those that are there now. */
  get containers(): readonly PageContainer[] {
    const newest = new Map<string, PageContainer>();
    for (const container of this.#containers.values()) {
      const other = newest.get(container.id);
      if (other === undefined || startOf(container) >= startOf(other)) {
        newest.set(container.id, container);
      }
    }
    return [...newest.values()];
  }

  /** Takes a sample of the page and its time. */
  take({ name, labels, value }: Sample, time: number): void {
    if (name === "machine_cpu_cores") this.cpuCores = value;
    else if (name === "machine_memory_bytes") this.memoryBytes = value;
    else if (name.startsWith("container_")) this.#takeOf(name, labels, value, time);
  }

  #takeOf(name: string, labels: Sample["labels"], value: number, time: number): void {
    const rules = columnRules.get(name);
    const isFact = FACTS.has(name);
    if (rules === undefined && !isFact) return;
    const given = Object.fromEntries(labels);
    const container = this.#containerOf(given);
    if (container === undefined) return;
    if (isFact) container.facts.set(name, value);
    for (const rule of rules ?? []) {
      if (!rule.labels.every(([label, wanted]) => given[label] === wanted)) continue;
      if (isNoDisk(given)) continue;
      if (name === CPU_USAGE && !countsAsCpu(container, given, rule.column)) continue;
      container.row[rule.column] = (container.row[rule.column] || 0) + value * rule.scale;
      container.time = Math.max(container.time, time);
    }
  }

  #containerOf(labels: Labels): PageContainer | undefined {
    const { id = "", name = "" } = labels;
    if (!id.startsWith("/")) return undefined;
    const key = `${id}\0${name}`;
    const known = this.#containers.get(key);
    if (known !== undefined) return known;
    const row = new Float64Array(allMetrics.length).fill(Number.NaN);
    const time = Number.NEGATIVE_INFINITY;
    const made = { id, labels, time, row, facts: new Map(), hasTotalCpu: false };
    this.#containers.set(key, made);
    return made;
  }
}

/** The total counts instead of the single CPUs, where both are there. */
function countsAsCpu(container: PageContainer, { cpu }: Labels, column: number): boolean {
  if (container.hasTotalCpu) return false;
  if (cpu === "total") {
    container.hasTotalCpu = true;
    container.row[column] = Number.NaN;
  }
  return true;
}

/** The machine has a filesystem for each mount: those in memory, and of containers, are none of its disks. */
function isNoDisk({ id, device }: Labels): boolean {
  if (id !== "/" || device === undefined) return false;
  return !device.startsWith("/dev/") || device === "/dev/shm";
}

function startOf({ facts }: PageContainer): number {
  return facts.get("container_start_time_seconds") ?? 0;
}
