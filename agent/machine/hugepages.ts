import { join } from "node:path";

import { namesIn, readNumber } from "./sysfs.ts";

/** Huge pages of one size that have been set aside. */
export interface HugepagePool {
  /** KiB. */
  readonly pageSize: number;
  readonly pages: number;
}

/**
 * The pools in a directory, smallest pages first: `kernel/mm/hugepages` of the machine, `hugepages`
 * of a node. https://docs.kernel.org/admin-guide/mm/hugetlbpage.html
 */
export function readHugepages(directory: string): HugepagePool[] {
  const pools = namesIn(directory).flatMap((name) => {
    const size = /^hugepages-(\d+)kB$/.exec(name)?.[1];
    const pages = readNumber(join(directory, name, "nr_hugepages"));
    return size === undefined || pages === undefined ? [] : { pageSize: Number(size), pages };
  });
  return pools.toSorted((a, b) => a.pageSize - b.pageSize);
}
