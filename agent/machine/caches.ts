import { join } from "node:path";

import { parseCpuList } from "./cpu-list.ts";
import { numbersIn, readNumber, readText } from "./sysfs.ts";
import { type Core, cpuDirectory } from "./topology.ts";

/** A cache of a CPU. */
export interface Cache {
  readonly id: number;
  readonly sizeBytes: number;
  /** `Data`, `Instruction` or `Unified`. */
  readonly type: string;
  readonly level: number;
}

/** A cache and the CPUs that share it. */
export interface SharedCache extends Cache {
  readonly cpus: readonly number[];
}

/** The caches of a core's own, and those that it shares with some others. */
export interface CoreCaches {
  readonly caches: readonly Cache[];
  readonly uncoreCaches: readonly Cache[];
}

/** From this level on a cache is no part of a core, even if only one core has it. */
const FIRST_UNCORE_LEVEL = 3;

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** `32K` in bytes; undefined if it is no size. */
function parseSize(text: string): number | undefined {
  const [, amount, unit = ""] = /^(\d+)([KMG]?)$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (UNITS[unit] ?? Number.NaN);
}

function readCache(directory: string): SharedCache | undefined {
  const sizeBytes = parseSize(readText(join(directory, "size")));
  const level = readNumber(join(directory, "level"));
  const type = readText(join(directory, "type"));
  const cpus = parseCpuList(readText(join(directory, "shared_cpu_list")));
  // Some ARM boards tell of a cache without its size.
  if (sizeBytes === undefined || level === undefined || type === "" || cpus.length === 0) {
    return undefined;
  }
  // Kernels before 4.11 give no number.
  const id = readNumber(join(directory, "id")) ?? cpus[0] ?? 0;
  return { id, sizeBytes, type, level, cpus };
}

/**
 * The caches that a CPU has, from the nearest on.
 * https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-devices-system-cpu
 */
export function readCaches(sysRoot: string, cpu: number): SharedCache[] {
  const directory = join(cpuDirectory(sysRoot), `cpu${cpu}`, "cache");
  return numbersIn(directory, "index").flatMap(
    (index) => readCache(join(directory, `index${index}`)) ?? [],
  );
}

/** Whether all CPUs of a node share a cache. Within one core this is said only of the outer levels. */
export function isNodeCache(cache: SharedCache, core: Core, cpus: readonly number[]): boolean {
  return !isCoreCache(cache, core) && cpus.every((cpu) => cache.cpus.includes(cpu));
}

function isCoreCache({ level, cpus }: SharedCache, core: Core): boolean {
  return level < FIRST_UNCORE_LEVEL && cpus.every((cpu) => core.threads.includes(cpu));
}

/** Sorts out the caches of a core which not the whole node has. */
export function cachesOf(core: Core, caches: readonly SharedCache[]): CoreCaches {
  return {
    caches: caches.filter((cache) => isCoreCache(cache, core)).map(plain),
    uncoreCaches: caches.filter((cache) => !isCoreCache(cache, core)).map(plain),
  };
}

/** The cache alone. */
export function plain({ id, sizeBytes, type, level }: SharedCache): Cache {
  return { id, sizeBytes, type, level };
}
