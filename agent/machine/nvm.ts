import { join } from "node:path";

import { namesIn, readNumber, readText } from "./sysfs.ts";

/**
 * Bytes of persistent memory that programs can address (cAdvisor's `app_direct_mode`); undefined
 * where there is none. Memory that serves as main memory, and the modules' power budget, only the
 * vendor's own library tells. https://docs.kernel.org/driver-api/nvdimm/nvdimm.html
 */
export function readPersistentMemory(sysRoot: string): number | undefined {
  const devices = join(sysRoot, "bus/nd/devices");
  const sizes = namesIn(devices)
    .filter((name) => /^region\d+$/.test(name))
    .filter((name) => readText(join(devices, name, "devtype")) === "nd_pmem")
    .flatMap((name) => readNumber(join(devices, name, "size")) ?? []);
  return sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0);
}
