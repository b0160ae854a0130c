import type { Container } from "../../../wire/container.ts";
import type { Tracked } from "../../window/tracked.ts";
import { hasCustomMetrics, metricSpecsOf } from "./app-metrics.ts";
import { hasProcesses } from "./counted.ts";
import { hasDiskIo } from "./disk-io.ts";
import { hasFilesystem } from "./filesystems.ts";
import { type GoObject, type GoValue, RawInteger } from "./go-json.ts";
import { goTime, ZERO_TIME } from "./go-time.ts";
import { hugetlbOf } from "./memory.ts";
import { hasNetwork } from "./network.ts";
import { newestOf, positive, whole } from "./sample.ts";
import type { RestSources } from "./sources.ts";

/** What the kernel has for "no limit": v1 the greatest number of whole pages, v2 a word, which Go reads as its greatest number. */
const UNLIMITED = {
  1: new RawInteger("9223372036854771712"),
  2: new RawInteger("18446744073709551615"),
} as const;

const SECONDS = 1000;

/** When a container was made and started; a plain cgroup has been made. */
function timesOf({ container, createdAt }: Tracked): [created: string, started: string] {
  const { runtime, created_at: created, started_at: started } = container;
  return runtime === undefined
    ? [goTime(createdAt * SECONDS), ZERO_TIME]
    : [created ?? ZERO_TIME, started ?? ZERO_TIME];
}

function mapOf(record: Readonly<Record<string, string>> = {}): GoValue {
  const entries = Object.entries(record);
  return entries.length === 0 ? undefined : new Map(entries);
}

/** cAdvisor's word for how often an engine has started a container again. */
function labelsOf({ labels, restarts = 0 }: Container): GoValue {
  return mapOf(restarts > 0 ? { ...labels, restartcount: String(restarts) } : labels);
}

/** The CPUs that a cgroup may use: all where it has no list of its own. */
function maskOf({ spec: { cpuMask } }: Tracked, cores: number): string | undefined {
  if (cpuMask === "" && cores > 0) return cores === 1 ? "0" : `0-${cores - 1}`;
  return cpuMask === "" ? undefined : cpuMask;
}

function cpuOf(tracked: Tracked, { machine }: RestSources): GoObject {
  const { cpuShares, cpuQuota, cpuPeriod } = tracked.spec;
  return {
    limit: whole(cpuShares),
    max_limit: 0,
    mask: maskOf(tracked, machine.cpuCores),
    quota: Number.isFinite(cpuQuota) ? positive(cpuQuota) : undefined,
    period: positive(cpuPeriod),
  };
}

/** A limit in bytes: absent at 0, the kernel's own number where there is none. */
function limitOf({ cgroup }: Tracked, bytes: number): GoValue {
  if (bytes !== Number.POSITIVE_INFINITY) return positive(bytes);
  return UNLIMITED[cgroup.controller("memory")?.version ?? 2];
}

function memoryOf(tracked: Tracked, { machine }: RestSources): GoObject {
  const { memoryLimit, memoryReservation, swapLimit } = tracked.spec;
  const isMachine = tracked.cgroup.id === "/";
  return {
    limit: isMachine ? positive(machine.memoryBytes) : limitOf(tracked, memoryLimit),
    reservation: limitOf(tracked, memoryReservation),
    swap_limit: isMachine ? positive(machine.swapBytes ?? 0) : limitOf(tracked, swapLimit),
  };
}

function processesOf({ spec: { pidsLimit } }: Tracked): GoObject {
  return { limit: Number.isFinite(pidsLimit) ? positive(pidsLimit) : undefined };
}

/** Of which subjects there are numbers. */
export interface Subjects {
  readonly cpu: boolean;
  readonly memory: boolean;
  readonly hugetlb: boolean;
  readonly network: boolean;
  readonly processes: boolean;
  readonly filesystem: boolean;
  readonly diskIo: boolean;
  readonly custom: boolean;
}

/** Looks which subjects of a cgroup are measured. */
export function subjectsOf(tracked: Tracked, sources: RestSources): Subjects {
  const { spec, cgroup } = tracked;
  const newest = newestOf(tracked);
  return {
    cpu: !Number.isNaN(spec.cpuShares) || spec.cpuMask !== undefined || cgroup.id === "/",
    memory: !Number.isNaN(spec.memoryLimit) || cgroup.id === "/",
    hugetlb: hugetlbOf(newest) !== undefined,
    network: hasNetwork(tracked),
    processes: hasProcesses(newest),
    filesystem: hasFilesystem(tracked),
    diskIo: hasDiskIo(tracked),
    custom: hasCustomMetrics(tracked, sources),
  };
}

/** What a container is and may, as API v1 has it. */
export function specOf(tracked: Tracked, sources: RestSources): GoObject {
  const [created, started] = timesOf(tracked);
  const has = subjectsOf(tracked, sources);
  const { container } = tracked;
  return {
    creation_time: created,
    start_time: started,
    labels: labelsOf(container),
    envs: mapOf(container.env),
    has_cpu: has.cpu,
    cpu: cpuOf(tracked, sources),
    has_memory: has.memory,
    memory: memoryOf(tracked, sources),
    has_hugetlb: has.hugetlb,
    has_network: has.network,
    has_processes: has.processes,
    processes: processesOf(tracked),
    has_filesystem: has.filesystem,
    has_diskio: has.diskIo,
    has_custom_metrics: has.custom,
    custom_metrics: metricSpecsOf(tracked, sources),
    image: container.image === "" ? undefined : container.image,
  };
}

/** The same as API v2 has it: in another order, with names, without the CPU's quota. */
export function specV2Of(tracked: Tracked, sources: RestSources): GoObject {
  const v1 = specOf(tracked, sources);
  const { container_id: id, name, runtime } = tracked.container;
  const { limit, max_limit, mask } = cpuOf(tracked, sources);
  return {
    creation_time: v1["creation_time"],
    start_time: v1["start_time"],
    aliases: id === undefined ? undefined : [name, id],
    namespace: runtime,
    labels: v1["labels"],
    envs: v1["envs"],
    has_cpu: v1["has_cpu"],
    cpu: { limit, max_limit, mask },
    has_memory: v1["has_memory"],
    memory: v1["memory"],
    has_hugetlb: v1["has_hugetlb"],
    has_custom_metrics: v1["has_custom_metrics"],
    custom_metrics: v1["custom_metrics"],
    has_processes: v1["has_processes"],
    processes: v1["processes"],
    has_network: v1["has_network"],
    has_filesystem: v1["has_filesystem"],
    has_diskio: v1["has_diskio"],
    image: v1["image"],
  };
}
