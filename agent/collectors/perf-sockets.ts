import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A file of `/sys/devices/system/cpu`, such as `online`; empty if it is not there. */
export function readCpuText(sysRoot: string, file: string): string {
  try {
    return readFileSync(join(sysRoot, "devices/system/cpu", file), "utf8").trim();
  } catch {
    return "";
  }
}

/** The socket that a CPU stands in; 0 where the machine does not tell. */
export function socketOf(sysRoot: string, cpu: number): string {
  const text = readCpuText(sysRoot, `cpu${cpu}/topology/physical_package_id`);
  return /^\d+$/.test(text) ? text : "0";
}
