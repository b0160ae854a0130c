/** What the families of memory must say, from the kernel's files, for cgroup v1 and v2. */

/** The kernel's files by name; what this kernel does not have is missing. */
export type Texts = Readonly<Record<string, string>>;

/** Every series of a family of one cgroup, by its labels; without labels by "". */
export type LabelledValues = ReadonlyMap<string, number>;

/** The number behind a key, or of the whole file. */
function number(texts: Texts, file: string, key = ""): number | undefined {
  const text = texts[file] ?? "";
  const found = key === "" ? /^(\d+)\n$/.exec(text) : new RegExp(`^${key} (\\d+)$`, "m").exec(text);
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

/** What each family must say; undefined = no such series. */
export type Expected = Readonly<Record<string, number | undefined>>;

const FAULTS = "container_memory_failures_total";

/** The key of page faults of a kind and scope. */
export function labelled(type: string, scope: string): string {
  return `${FAULTS} failure_type="${type}" scope="${scope}"`;
}

/** For v1. */
export function expectedV1(texts: Texts): Expected {
  const stat = (key: string): number | undefined => number(texts, "memory.stat", key);
  const usage = number(texts, "memory.usage_in_bytes") ?? NaN;
  return {
    container_memory_usage_bytes: usage,
    container_memory_working_set_bytes: Math.max(0, usage - (stat("total_inactive_file") ?? NaN)),
    container_memory_max_usage_bytes: number(texts, "memory.max_usage_in_bytes"),
    container_memory_cache: stat("total_cache"),
    container_memory_rss: stat("total_rss"),
    container_memory_mapped_file: stat("total_mapped_file"),
    container_memory_swap: stat("total_swap"),
    container_memory_total_active_file_bytes: stat("total_active_file"),
    container_memory_total_inactive_file_bytes: stat("total_inactive_file"),
    container_memory_kernel_usage: number(texts, "memory.kmem.usage_in_bytes"),
    container_memory_failcnt: number(texts, "memory.failcnt"),
    container_memory_events_high_total: undefined,
    container_memory_events_max_total: undefined,
    container_memory_file_dirty_bytes: stat("total_dirty"),
    container_memory_file_writeback_bytes: stat("total_writeback"),
    container_memory_pgscan_total: undefined,
    container_memory_pgsteal_total: undefined,
    container_memory_workingset_refault_file_total: stat("total_workingset_refault_file"),
    container_memory_workingset_refault_anon_total: stat("total_workingset_refault_anon"),
    container_memory_migrate: number(texts, "cpuset.memory_migrate"),
    [labelled("pgfault", "container")]: stat("pgfault"),
    [labelled("pgfault", "hierarchy")]: stat("total_pgfault"),
    [labelled("pgmajfault", "container")]: stat("pgmajfault"),
    [labelled("pgmajfault", "hierarchy")]: stat("total_pgmajfault"),
  };
}

/** For v2, of a cgroup that has no child with a memory controller of its own. */
export function expectedV2(texts: Texts): Expected {
  const stat = (key: string): number | undefined => number(texts, "memory.stat", key);
  const usage = number(texts, "memory.current") ?? NaN;
  return {
    container_memory_usage_bytes: usage,
    container_memory_working_set_bytes: Math.max(0, usage - (stat("inactive_file") ?? NaN)),
    container_memory_max_usage_bytes: number(texts, "memory.peak"),
    container_memory_cache: stat("file"),
    container_memory_rss: stat("anon"),
    container_memory_mapped_file: stat("file_mapped"),
    container_memory_swap: number(texts, "memory.swap.current"),
    container_memory_total_active_file_bytes: stat("active_file"),
    container_memory_total_inactive_file_bytes: stat("inactive_file"),
    container_memory_kernel_usage: stat("kernel"),
    container_memory_failcnt: number(texts, "memory.events", "max"),
    container_memory_events_high_total: number(texts, "memory.events", "high"),
    container_memory_events_max_total: number(texts, "memory.events", "max"),
    container_memory_file_dirty_bytes: stat("file_dirty"),
    container_memory_file_writeback_bytes: stat("file_writeback"),
    container_memory_pgscan_total: stat("pgscan"),
    container_memory_pgsteal_total: stat("pgsteal"),
    container_memory_workingset_refault_file_total: stat("workingset_refault_file"),
    container_memory_workingset_refault_anon_total: stat("workingset_refault_anon"),
    container_memory_migrate: undefined,
    [labelled("pgfault", "container")]: stat("pgfault"),
    [labelled("pgfault", "hierarchy")]: stat("pgfault"),
    [labelled("pgmajfault", "container")]: stat("pgmajfault"),
    [labelled("pgmajfault", "hierarchy")]: stat("pgmajfault"),
  };
}

/** The series of a family with their own labels. */
export function seriesOf(page: string, family: string, cgroup: string): LabelledValues {
  const begin = `${family}{id="${cgroup}"`;
  const lines = page.split("\n").filter((line) => line.startsWith(begin));
  return new Map(
    lines.map((line) => {
      const [labels = "", value] = line.slice(begin.length).split("} ");
      return [labels.replace(/^,/, ""), Number(value)];
    }),
  );
}

/** Pages by node from `memory.numa_stat`: of v1 in pages, of v2 in bytes. */
export function numaPages(text: string): LabelledValues {
  const pages = new Map<string, number>();
  const kinds = {
    file: /^(?:in)?active_file /,
    anon: /^(?:in)?active_anon /,
    unevictable: /^unevictable /,
  };
  for (const line of text.trimEnd().split("\n")) {
    const nodes = [...line.matchAll(/ N(\d+)=(\d+)/g)];
    for (const [type, pattern] of Object.entries(kinds)) {
      const scope = line.startsWith("hierarchical_") ? "hierarchy" : "container";
      const isV1 = line.replace("hierarchical_", "").startsWith(`${type}=`);
      if (!isV1 && !pattern.test(line)) continue;
      for (const [, node, count] of nodes) {
        const key = `type="${type}",scope="${isV1 ? scope : "hierarchy"}",node="${node}"`;
        pages.set(key, (pages.get(key) ?? 0) + Number(count) / (isV1 ? 1 : 4096));
      }
    }
  }
  return pages;
}
