import { expect, test } from "vitest";

import { seriesValue } from "./ask.ts";
import { type Expected, expectedV2, labelled, numaPages, seriesOf } from "./memory-numbers.ts";
import { numberIn, type Subject, subjectOf, type TellOf, valueOf } from "./v2-subject.ts";

/** Compares all families of memory, and the pages by node; returns what was said. */
function compare(subject: Subject, differences: Expected = {}): Expected {
  const { texts, page, cgroup } = subject;
  const expected = { ...expectedV2(texts), ...differences };
  const said = Object.fromEntries(
    Object.keys(expected).map((key) => {
      const [family = "", ...labels] = key.split(" ");
      return [key, seriesValue(page, family, [`id="${cgroup}"`, ...labels])];
    }),
  );
  expect(said).toEqual(expected);
  const nodes = numaPages(texts["memory.numa_stat"] ?? "");
  expect(nodes.size).toBeGreaterThan(0);
  expect(seriesOf(page, "container_memory_numa_pages", cgroup)).toEqual(nodes);
  return said;
}

/** With the names of the files that the machine's own cgroup has. */
type Machine = Subject & { readonly files: readonly string[] };

/** Memory of cgroups that stand still in the virtual machine. */
export function testMemory(tellOf: TellOf): void {
  test("has all that happens above memory.high, and what was dropped and read again", () => {
    const said = compare(subjectOf(tellOf, "high"));
    for (const what of ["events_high", "pgscan", "pgsteal", "workingset_refault_file"]) {
      expect(said[`container_memory_${what}_total`], what).toBeGreaterThan(0);
    }
    expect(said["container_memory_failcnt"]).toBe(0);
  });

  test("has every time that the limit was hit, and what came back from swap", () => {
    const said = compare(subjectOf(tellOf, "max"));
    for (const what of ["events_max", "workingset_refault_anon"]) {
      expect(said[`container_memory_${what}_total`], what).toBeGreaterThan(0);
    }
    expect(said["container_memory_failcnt"]).toBe(said["container_memory_events_max_total"]);
    expect(said["container_memory_swap"]).toBeGreaterThanOrEqual(15 << 20);
    expect(said["container_memory_max_usage_bytes"]).toBe(16 << 20);
  });

  test("has what is to be written to a disk, until somebody else has it written", () => {
    const family = "container_memory_file_dirty_bytes";
    // Some of the 4 MB may have been written for another reason.
    expect(compare(subjectOf(tellOf, "dirty"))[family]).toBeGreaterThan(1 << 20);
    const clean = compare(subjectOf(tellOf, "clean"));
    // But for a block or two of the file system's own.
    expect(clean[family]).toBeLessThan(64 << 10);
    expect(clean["container_memory_file_writeback_bytes"]).toBe(0);
    expect(clean["container_memory_cache"]).toBeGreaterThanOrEqual(4 << 20);
  });

  test("has the page faults of a cgroup alone as long as that is what the kernel counts", () => {
    const both = compare(subjectOf(tellOf, "alone"));
    const faults = both[labelled("pgfault", "hierarchy")]!;
    expect(faults).toBeGreaterThanOrEqual(2000);
    expect(faults).toBeLessThan(4000);
    expect(
      compare(subjectOf(tellOf, "child"))[labelled("pgfault", "container")],
    ).toBeGreaterThanOrEqual(1000);
    // With children that have a memory controller of their own, there is only the sum.
    const said = compare(subjectOf(tellOf, "family"), {
      [labelled("pgfault", "container")]: undefined,
      [labelled("pgmajfault", "container")]: undefined,
    });
    expect(said[labelled("pgfault", "hierarchy")]).toBeGreaterThanOrEqual(1000);
  });

  test("has the huge pages that are reserved, and how often there were too few", () => {
    const subject = subjectOf(tellOf, "huge");
    const family = "container_hugetlb_usage_bytes";
    if (subject.texts["hugetlb.2MB.current"] === undefined) {
      expect(subject.page).not.toContain("container_hugetlb_");
      return;
    }
    const sizes = Object.keys(subject.texts).flatMap(
      (file) => /^hugetlb\.(\w+)\.rsvd\.current$/.exec(file)?.[1] ?? [],
    );
    expect(sizes).toContain("2MB");
    for (const size of sizes) {
      const label = `pagesize="${size}"`;
      const reserved = numberIn(subject, `hugetlb.${size}.rsvd.current`);
      const refused = numberIn(subject, `hugetlb.${size}.events`, "max");
      expect(valueOf(subject, family, label), size).toBe(reserved);
      expect(valueOf(subject, "container_hugetlb_failcnt", label), size).toBe(refused);
    }
    expect(valueOf(subject, family, 'pagesize="2MB"')).toBe(6 << 20);
    expect(valueOf(subject, "container_hugetlb_failcnt", 'pagesize="2MB"')).toBe(1);
  });

  test("has of the machine what its files add up to", () => {
    const { texts, page, files } = tellOf("root") as Machine;
    const root = (family: string): number | undefined => seriesValue(page, family, ['{id="/"']);
    const number = (file: string, key: string): number =>
      Number(new RegExp(`^${key} +(\\d+)`, "m").exec(texts[file] ?? "")?.[1]);
    const usage = number("stat", "anon") + number("stat", "file");
    expect(root("container_memory_usage_bytes")).toBe(usage);
    const set = usage - number("stat", "inactive_file");
    expect(root("container_memory_working_set_bytes")).toBe(set);
    const swap = number("meminfo", "SwapTotal:") - number("meminfo", "SwapFree:");
    expect(root("container_memory_swap")).toBe(swap * 1024);
    const machine = number("meminfo", "MemTotal:") * 1024;
    expect(root("container_spec_memory_limit_bytes")).toBe(machine);
    // The kernel has no such files of the machine, and so there are no such series.
    expect(files).not.toContain("memory.events");
    expect(files).not.toContain("pids.current");
    for (const absent of ["memory_failcnt", "memory_max_usage_bytes", "threads", "threads_max"]) {
      expect(root(`container_${absent}`), absent).toBeUndefined();
    }
  });
}
