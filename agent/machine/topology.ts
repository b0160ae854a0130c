import { join } from "node:path";

import { Slice } from "../../lib/slice.ts";
import { parseCpuList } from "./cpu-list.ts";
import { numbersIn, readFirst, readNumber, readText } from "./sysfs.ts";

/** A physical core: one CPU, or several that share it as threads. */
export interface Core {
  /** The kernel's `core_id`, which other packages or dies may have as well. */
  readonly coreId: number;
  /** -1 where the machine does not tell. */
  readonly socketId: number;
  /** Only s390 has books and drawers. */
  readonly bookId?: string;
  readonly drawerId?: string;
  /** CPU numbers, ascending. */
  readonly threads: readonly number[];
}

/** How many there are of what a machine is made of; undefined = it has no such thing, or does not tell. */
export interface CoreCounts {
  readonly cores: number | undefined;
  readonly sockets: number | undefined;
  readonly books: number | undefined;
  readonly drawers: number | undefined;
}

/** Where the kernel keeps what it knows of CPUs. */
export function cpuDirectory(sysRoot: string): string {
  return join(sysRoot, "devices/system/cpu");
}

/** An id that has been given: `-1` stands for "none" on most architectures. */
function readId(path: string): string | undefined {
  const text = readText(path);
  return text === "" || text === "-1" ? undefined : text;
}

/** The core that a CPU belongs to; undefined for one that is off or whose kernel does not tell. */
function readCore(sysRoot: string, cpu: number): Core | undefined {
  const directory = join(cpuDirectory(sysRoot), `cpu${cpu}`, "topology");
  const coreId = readNumber(join(directory, "core_id"));
  if (coreId === undefined) return undefined;
  const bookId = readId(join(directory, "book_id"));
  const drawerId = readId(join(directory, "drawer_id"));
  // Until Linux 5.3 it had only the older name.
  const siblings = ["core_cpus_list", "thread_siblings_list"].map((name) => join(directory, name));
  const threads = parseCpuList(readFirst(siblings));
  return {
    coreId,
    socketId: readNumber(join(directory, "physical_package_id")) ?? -1,
    ...(bookId === undefined ? {} : { bookId }),
    ...(drawerId === undefined ? {} : { drawerId }),
    threads: threads.includes(cpu) ? threads : [cpu],
  };
}

/**
 * The cores whose CPUs are online, by their first CPU. What makes a core is the list of its threads:
 * `core_id` repeats from die to die. https://docs.kernel.org/admin-guide/cputopology.html
 */
export async function readCores(sysRoot: string): Promise<Core[]> {
  const cores: Core[] = [];
  const known = new Set<number>();
  const slice = new Slice();
  for (const cpu of numbersIn(cpuDirectory(sysRoot), "cpu")) {
    if (slice.isOver()) await slice.next();
    if (known.has(cpu)) continue;
    const core = readCore(sysRoot, cpu);
    if (core === undefined) continue;
    cores.push(core);
    for (const thread of core.threads) known.add(thread);
  }
  return cores;
}

/** Counts what the cores are in. An id is unique only within what is above it. */
export function countCores(cores: readonly Core[]): CoreCounts {
  const count = (idOf: (core: Core) => string | undefined): number | undefined => {
    const ids = new Set(cores.map(idOf));
    ids.delete(undefined);
    return ids.size === 0 ? undefined : ids.size;
  };
  return {
    cores: cores.length === 0 ? undefined : cores.length,
    sockets: count(({ drawerId, bookId, socketId }) => `${drawerId}/${bookId}/${socketId}`),
    books: count(({ drawerId, bookId }) =>
      bookId === undefined ? undefined : `${drawerId}/${bookId}`,
    ),
    drawers: count(({ drawerId }) => drawerId),
  };
}
