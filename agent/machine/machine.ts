import { join } from "node:path";

import { parseCpuList } from "./cpu-list.ts";
import { type CpuInfo, parseCpuInfo } from "./cpuinfo.ts";
import { type DimmType, readDimms } from "./dimm.ts";
import { type Disk, readDisks } from "./disks.ts";
import { type HugepagePool, readHugepages } from "./hugepages.ts";
import { parseMeminfo } from "./meminfo.ts";
import { type MachineNames, type NameFiles, readNames } from "./names.ts";
import { type NetworkDevice, readNetworkDevices } from "./network-devices.ts";
import { type NumaNode, readNodes } from "./numa.ts";
import { readPersistentMemory } from "./nvm.ts";
import { readNumber, readText } from "./sysfs.ts";
import { countCores, cpuDirectory, readCores } from "./topology.ts";

/** What a machine is; undefined = it has no such thing, or does not tell. */
export interface Machine extends MachineNames {
  /** Unix milliseconds; NaN = never. */
  readonly readAt: number;
  /** The last reading failed: all else is what was known before. */
  readonly isStale: boolean;
  readonly vendorId: string;
  /** CPUs that are online; 0 = not known. */
  readonly cpuCores: number;
  readonly physicalCores: number | undefined;
  readonly sockets: number | undefined;
  readonly books: number | undefined;
  readonly drawers: number | undefined;
  /** The most that the first CPU can, or what it does now. */
  readonly cpuFrequencyKhz: number | undefined;
  /** 0 = not known. */
  readonly memoryBytes: number;
  readonly swapBytes: number | undefined;
  readonly dimms: readonly DimmType[];
  readonly persistentMemoryBytes: number | undefined;
  readonly hugepages: readonly HugepagePool[];
  readonly nodes: readonly NumaNode[];
  readonly disks: readonly Disk[];
  readonly networkDevices: readonly NetworkDevice[];
}

/** A machine of which nothing is known. */
export const UNKNOWN_MACHINE: Machine = {
  readAt: Number.NaN,
  isStale: true,
  machineId: "",
  systemUuid: "",
  bootId: "",
  kernelVersion: "",
  osVersion: "",
  vendorId: "",
  cpuCores: 0,
  physicalCores: undefined,
  sockets: undefined,
  books: undefined,
  drawers: undefined,
  cpuFrequencyKhz: undefined,
  memoryBytes: 0,
  swapBytes: undefined,
  dimms: [],
  persistentMemoryBytes: undefined,
  hugepages: [],
  nodes: [],
  disks: [],
  networkDevices: [],
};

function readFrequency(sysRoot: string, { frequencyKhz }: CpuInfo): number | undefined {
  const most = join(cpuDirectory(sysRoot), "cpu0/cpufreq/cpuinfo_max_freq");
  return readNumber(most) ?? frequencyKhz;
}

/**
 * Reads what the machine is. Some thousand files on a large one, a few milliseconds at a time; what
 * can't be read is absent.
 * @param time Unix milliseconds, now
 */
export async function readMachine(files: NameFiles, time: number): Promise<Machine> {
  const { procRoot, sysRoot } = files;
  const meminfo = readText(join(procRoot, "meminfo"));
  const cpuinfo = parseCpuInfo(readText(join(procRoot, "cpuinfo")));
  const online = parseCpuList(readText(join(cpuDirectory(sysRoot), "online")));
  const cpuCores = online.length === 0 ? cpuinfo.processors : online.length;
  const memoryBytes = parseMeminfo(meminfo, "MemTotal") ?? 0;
  const cores = await readCores(sysRoot);
  const counts = countCores(cores);
  return {
    ...readNames(files),
    readAt: time,
    isStale: cpuCores === 0 || memoryBytes === 0,
    vendorId: cpuinfo.vendorId,
    cpuCores,
    physicalCores: counts.cores ?? cpuinfo.cores,
    sockets: counts.sockets ?? cpuinfo.sockets,
    books: counts.books,
    drawers: counts.drawers,
    cpuFrequencyKhz: readFrequency(sysRoot, cpuinfo),
    memoryBytes,
    swapBytes: parseMeminfo(meminfo, "SwapTotal"),
    dimms: readDimms(sysRoot),
    persistentMemoryBytes: readPersistentMemory(sysRoot),
    hugepages: readHugepages(join(sysRoot, "kernel/mm/hugepages")),
    nodes: await readNodes(sysRoot, cores),
    disks: readDisks(sysRoot),
    networkDevices: readNetworkDevices(sysRoot),
  };
}
