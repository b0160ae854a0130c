import { expect, test } from "vitest";

import { numberIn, type Subject, subjectOf, type TellOf, valueOf, valuesBy } from "./v2-subject.ts";

const PRESSURES = ["cpu", "memory", "io"].flatMap((resource) =>
  ["some", "full"].map((who) => ({
    file: `${resource}.pressure`,
    who,
    family: `container_pressure_${resource}_${who === "some" ? "waiting" : "stalled"}_seconds_total`,
  })),
);

/** What each of the six families of waiting says; all must be what the file says. */
function pressuresOf(subject: Subject): (number | undefined)[] {
  return PRESSURES.map(({ file, who, family }) => {
    const total = new RegExp(`^${who} .*total=(\\d+)$`, "m").exec(subject.texts[file] ?? "")?.[1];
    const said = valueOf(subject, family);
    expect(said, `${family} of ${subject.name}`).toBe(Number(total) / 1e6);
    return said;
  });
}

/** The lists that the guest has read, one for all processes. */
function listOf({ texts }: Subject, name: string): string[] {
  return JSON.parse(texts[name] ?? "[]") as string[];
}

/** CPU time, processes and what they hold and wait for. */
export function testTasks(tellOf: TellOf): void {
  test("has every burst beyond the quota", () => {
    const subject = subjectOf(tellOf, "burst");
    const said = (what: string): number | undefined =>
      valueOf(subject, `container_cpu_cfs_${what}_total`);
    expect(said("periods")).toBe(numberIn(subject, "cpu.stat", "nr_periods"));
    expect(said("throttled_periods")).toBe(numberIn(subject, "cpu.stat", "nr_throttled"));
    expect(said("burst_periods")).toBe(numberIn(subject, "cpu.stat", "nr_bursts"));
    expect(said("burst_seconds")).toBe(numberIn(subject, "cpu.stat", "burst_usec") / 1e6);
    expect(said("burst_periods")).toBeGreaterThan(0);
    expect(said("burst_seconds")).toBeGreaterThan(0);
  });

  test("has the time lost waiting, for each of the three and by some and by all", () => {
    for (const name of ["high", "max", "alone", "burst", "pressed", "disk", "sockets"]) {
      pressuresOf(subjectOf(tellOf, name));
    }
    const [cpuSome, cpuFull] = pressuresOf(subjectOf(tellOf, "pressed"));
    expect(cpuSome).toBeGreaterThan(0);
    expect(cpuFull).toBeGreaterThan(0);
    const [, , memorySome, memoryFull] = pressuresOf(subjectOf(tellOf, "max"));
    expect(memorySome).toBeGreaterThan(0);
    expect(memoryFull).toBeGreaterThan(0);
    const [, , , , ioSome, ioFull] = pressuresOf(subjectOf(tellOf, "disk"));
    expect(ioSome).toBeGreaterThan(0);
    expect(ioFull).toBeGreaterThan(0);
  });

  test("has processes, threads, what they hold open and what they may", () => {
    const subject = subjectOf(tellOf, "sockets");
    const held = listOf(subject, "descriptors");
    const threads = numberIn(subject, "pids.current");
    expect(threads).toBeGreaterThan(3);
    expect(valueOf(subject, "container_processes")).toBe(3);
    expect(valueOf(subject, "container_threads")).toBe(threads);
    expect(valueOf(subject, "container_threads_max")).toBe(77);
    expect(valueOf(subject, "container_file_descriptors")).toBe(held.length);
    const sockets = held.filter((target) => target.startsWith("socket:")).length;
    expect(sockets).toBeGreaterThanOrEqual(33);
    expect(valueOf(subject, "container_sockets")).toBe(sockets);
    expect(subject.texts["limits"]).toMatch(/^Max open files +200 /m);
    const limit = valueOf(subject, "container_ulimits_soft", 'ulimit="max_open_files"');
    expect(limit).toBe(200);
    expect(valueOf(subjectOf(tellOf, "alone"), "container_threads_max")).toBe(0);
  });

  test("has what the scheduler has counted of every thread", () => {
    const subject = subjectOf(tellOf, "sockets");
    const lines = listOf(subject, "schedstat").map((line) => line.trim().split(" ").map(Number));
    expect(lines).toHaveLength(numberIn(subject, "pids.current"));
    const scales = { run_seconds: 1e9, runqueue_seconds: 1e9, run_periods: 1 };
    for (const [place, [what, scale]] of Object.entries(scales).entries()) {
      const sum = lines.reduce((total, numbers) => total + (numbers[place] ?? NaN), 0);
      const family = `container_cpu_schedstat_${what}_total`;
      // Threads that have ended stay in it.
      expect(valueOf(subject, family), family).toBeGreaterThanOrEqual(sum / scale);
      expect(sum).toBeGreaterThan(0);
    }
  });

  test("has the memory that processes have used", () => {
    const subject = subjectOf(tellOf, "sockets");
    const used = listOf(subject, "referenced").map((text) =>
      Number(/^Referenced: +(\d+) kB$/m.exec(text)?.[1]),
    );
    const sum = used.reduce((total, kilobytes) => total + kilobytes, 0);
    expect(valueOf(subject, "container_referenced_bytes")).toBe(sum * 1024);
  });

  test("has tasks by their state, and how many want a CPU on average", () => {
    const subject = subjectOf(tellOf, "load");
    const states = valuesBy(subject, "container_tasks_state", "state");
    expect(states).toEqual({ sleeping: 3, running: 2, stopped: 1 });
    const average = valueOf(subject, "container_cpu_load_average_10s");
    expect(average).toBeGreaterThan(0);
    expect(average).toBeLessThanOrEqual(2000);
    expect(valueOf(subject, "container_cpu_load_d_average_10s")).toBeGreaterThanOrEqual(0);
  });

  test("has the perf events that the kernel counts in another way too", () => {
    const [before, after] = [subjectOf(tellOf, "perf"), subjectOf(tellOf, "perf-after")];
    const grown = (event: string): number => eventsOf(after, event) - eventsOf(before, event);
    const faults = (subject: Subject): number => numberIn(subject, "memory.stat", "pgfault");
    expect(grown("page-faults")).toBe(faults(after) - faults(before));
    expect(grown("page-faults")).toBeGreaterThan(100);
    expect(grown("context-switches")).toBe(switchesOf(after) - switchesOf(before));
    expect(grown("context-switches")).toBeGreaterThan(0);
    const cpu = (subject: Subject): number => numberIn(subject, "cpu.stat", "usage_usec") * 1000;
    expect(grown("task-clock")).toBeGreaterThan(0.5 * (cpu(after) - cpu(before)));
  });
}

/** An event's count, CPUs together. */
function eventsOf({ page, cgroup }: Subject, event: string): number {
  const begin = `container_perf_events_total{id="${cgroup}",`;
  const lines = page
    .split("\n")
    .filter((line) => line.startsWith(begin) && line.includes(`event="${event}"`));
  expect(lines, event).toHaveLength(2);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

function switchesOf({ texts }: Subject): number {
  const counts = [...(texts["switches"] ?? "").matchAll(/ctxt_switches:\s+(\d+)/g)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
