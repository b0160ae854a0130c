import { join } from "node:path";

import { Slice } from "../../lib/slice.ts";
import {
  type Cache,
  cachesOf,
  type CoreCaches,
  isNodeCache,
  plain,
  readCaches,
  type SharedCache,
} from "./caches.ts";
import { parseCpuList } from "./cpu-list.ts";
import { type HugepagePool, readHugepages } from "./hugepages.ts";
import { parseMeminfo } from "./meminfo.ts";
import { numbersIn, readText } from "./sysfs.ts";
import type { Core } from "./topology.ts";

/** A core as its node has it. */
export interface NodeCore extends Core, CoreCaches {
  /** Unique within its node. */
  readonly id: number;
}

/** A part of the machine with memory of its own, CPUs of its own, or both. */
export interface NumaNode {
  readonly id: number;
  /** Undefined where the kernel keeps no account by node. */
  readonly memoryBytes: number | undefined;
  readonly hugepages: readonly HugepagePool[];
  readonly cores: readonly NodeCore[];
  /** Those that all its CPUs share. */
  readonly caches: readonly Cache[];
  /** To each node of the machine, in their order. */
  readonly distances: readonly number[];
}

/** What is known of a node without its cores. */
interface Place extends Omit<NumaNode, "cores" | "caches"> {
  readonly cpus: readonly number[];
}

function readPlace(directory: string, id: number): Place {
  const distances = readText(join(directory, "distance")).split(/\s+/);
  return {
    id,
    memoryBytes: parseMeminfo(readText(join(directory, "meminfo")), "MemTotal"),
    hugepages: readHugepages(join(directory, "hugepages")),
    distances: distances.filter((distance) => /^\d+$/.test(distance)).map(Number),
    cpus: parseCpuList(readText(join(directory, "cpulist"))),
  };
}

/** A kernel without NUMA has no nodes: each socket stands for one. */
function placesBySocket(cores: readonly Core[]): Place[] {
  const sockets = new Set(cores.map(({ socketId }) => socketId));
  return [...sockets].map((socketId) => ({
    // Not every machine tells which socket it is.
    id: Math.max(socketId, 0),
    memoryBytes: undefined,
    hugepages: [],
    distances: [],
    cpus: cores.filter((core) => core.socketId === socketId).flatMap(({ threads }) => threads),
  }));
}

/** The kernel's ids; where two cores of the node share one, each goes by its first CPU. */
function withIds(cores: readonly Core[]): (Core & { readonly id: number })[] {
  const isUnique = new Set(cores.map(({ coreId }) => coreId)).size === cores.length;
  return cores.map((core) => {
    const id = isUnique ? core.coreId : (core.threads[0] ?? core.coreId);
    return { ...core, id };
  });
}

async function withCores(sysRoot: string, place: Place, all: readonly Core[]): Promise<NumaNode> {
  const { cpus, ...node } = place;
  const slice = new Slice();
  const cores: NodeCore[] = [];
  const shared = new Map<string, Cache>();
  for (const core of withIds(all.filter(({ threads }) => cpus.includes(threads[0] ?? -1)))) {
    if (slice.isOver()) await slice.next();
    const caches = readCaches(sysRoot, core.threads[0] ?? 0);
    const isShared = (cache: SharedCache): boolean => isNodeCache(cache, core, cpus);
    for (const cache of caches.filter(isShared)) {
      shared.set(`${cache.level}/${cache.type}`, plain(cache));
    }
    const own = caches.filter((cache) => !isShared(cache));
    cores.push({ ...core, ...cachesOf(core, own) });
  }
  return { ...node, cores, caches: [...shared.values()] };
}

/**
 * The nodes of the machine, by their numbers, which may have gaps.
 * https://www.kernel.org/doc/Documentation/ABI/stable/sysfs-devices-node
 */
export async function readNodes(sysRoot: string, cores: readonly Core[]): Promise<NumaNode[]> {
  const directory = join(sysRoot, "devices/system/node");
  const places = numbersIn(directory, "node").map((id) =>
    readPlace(join(directory, `node${id}`), id),
  );
  const nodes: NumaNode[] = [];
  for (const place of places.length === 0 ? placesBySocket(cores) : places) {
    // One after the other: they share the disk's and the loop's time anyway.
    // oxlint-disable-next-line no-await-in-loop
    nodes.push(await withCores(sysRoot, place, cores));
  }
  return nodes;
}
