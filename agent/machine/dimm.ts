import { join } from "node:path";

import { namesIn, numbersIn, readNumber, readText } from "./sysfs.ts";

/** The memory modules of one type. */
export interface DimmType {
  /** `Unbuffered-DDR4`. */
  readonly type: string;
  readonly count: number;
  readonly capacityBytes: number;
}

const MEBIBYTE = 1024 * 1024;

/**
 * The modules that the memory controllers tell of, which needs an EDAC driver: in most virtual
 * machines there is none. https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-devices-edac
 */
export function readDimms(sysRoot: string): DimmType[] {
  const controllers = join(sysRoot, "devices/system/edac/mc");
  const types = new Map<string, DimmType>();
  for (const controller of numbersIn(controllers, "mc")) {
    const directory = join(controllers, `mc${controller}`);
    // A controller that can't tell modules apart has ranks.
    for (const name of namesIn(directory).filter((found) => /^(?:dimm|rank)\d+$/.test(found))) {
      const type = readText(join(directory, name, "dimm_mem_type"));
      const size = readNumber(join(directory, name, "size"));
      if (type === "" || size === undefined) continue;
      const { count = 0, capacityBytes = 0 } = types.get(type) ?? {};
      const added = { type, count: count + 1, capacityBytes: capacityBytes + size * MEBIBYTE };
      types.set(type, added);
    }
  }
  return [...types.values()].toSorted((a, b) => (a.type < b.type ? -1 : 1));
}
