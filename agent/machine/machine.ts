import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { MachineFacts } from "../../wire/metrics/machine.ts";

/** The machine and the names that it goes by; a name that can't be read is empty. */
export interface Machine extends MachineFacts {
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

/** Bytes of a line of `/proc/meminfo`, which counts in KiB. */
export function parseMeminfo(text: string, key: string): number | undefined {
  const kibibytes = new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** How many CPUs a list such as `0-3,8` names. https://docs.kernel.org/admin-guide/cputopology.html */
export function parseCpuList(text: string): number {
  return text
    .trim()
    .split(",")
    .filter((range) => range !== "")
    .map((range) => range.split("-").map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
}

/** Different values of some keys over all processors of `/proc/cpuinfo`; undefined if it has no such keys. */
export function countDistinct(cpuinfo: string, keys: readonly string[]): number | undefined {
  const seen = new Set<string>();
  for (const processor of cpuinfo.split("\n\n")) {
    const values = keys.map((key) => new RegExp(`^${key}\\s*: (.+)$`, "m").exec(processor)?.[1]);
    if (values.every((value) => value !== undefined)) seen.add(values.join("/"));
  }
  return seen.size === 0 ? undefined : seen.size;
}

/** Reads what the machine is; a few files, some milliseconds. */
export function readMachine(procRoot: string, sysRoot: string): Machine {
  const meminfo = readText(join(procRoot, "meminfo"));
  const cpuinfo = readText(join(procRoot, "cpuinfo"));
  return {
    cpuCores: parseCpuList(readText(join(sysRoot, "devices/system/cpu/online"))),
    physicalCores: countDistinct(cpuinfo, ["physical id", "core id"]),
    sockets: countDistinct(cpuinfo, ["physical id"]),
    memoryBytes: parseMeminfo(meminfo, "MemTotal") ?? 0,
    swapBytes: parseMeminfo(meminfo, "SwapTotal"),
    machineId: readText("/etc/machine-id"),
    systemUuid: readText(join(sysRoot, "class/dmi/id/product_uuid")),
    bootId: readText(join(procRoot, "sys/kernel/random/boot_id")),
  };
}
