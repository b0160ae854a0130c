import type { PerfEvent } from "../syscalls/perf-event.ts";
import type { CustomEvent } from "./perf-config.ts";
import { eventOfUnit, type PerfUnit } from "./perf-units.ts";

/**
 * The events that Linux itself has names for, by the names of `perf list` and of its header.
 * https://man7.org/linux/man-pages/man2/perf_event_open.2.html, linux/perf_event.h
 */

const HARDWARE = 0;
const SOFTWARE = 1;
const CACHE = 3;
const RAW = 4;

/** `PERF_COUNT_HW_…` from 0 on. */
const HARDWARE_EVENTS: readonly (readonly string[])[] = [
  ["cpu-cycles", "cycles"],
  ["instructions"],
  ["cache-references"],
  ["cache-misses"],
  ["branch-instructions", "branches"],
  ["branch-misses"],
  ["bus-cycles"],
  ["stalled-cycles-frontend", "idle-cycles-frontend"],
  ["stalled-cycles-backend", "idle-cycles-backend"],
  ["ref-cycles", "ref-cpu-cycles"],
];

/** `PERF_COUNT_SW_…` from 0 on. */
const SOFTWARE_EVENTS: readonly (readonly string[])[] = [
  ["cpu-clock"],
  ["task-clock"],
  ["page-faults", "faults"],
  ["context-switches", "cs"],
  ["cpu-migrations", "migrations"],
  ["minor-faults", "page-faults-min"],
  ["major-faults", "page-faults-maj"],
  ["alignment-faults"],
  ["emulation-faults"],
  ["dummy"],
  ["bpf-output"],
  ["cgroup-switches"],
];

/** `PERF_COUNT_HW_CACHE_…` from 0 on. */
const CACHES = ["l1-dcache", "l1-icache", "llc", "dtlb", "itlb", "branch", "node"];
const OPERATIONS: readonly (readonly string[])[] = [
  ["load", "loads"],
  ["store", "stores"],
  ["prefetch", "prefetches"],
];

function event(
  type: number,
  config: bigint,
  config1: bigint = 0n,
  config2: bigint = 0n,
): PerfEvent {
  return { type, config, config1, config2 };
}

function buildTable(): ReadonlyMap<string, PerfEvent> {
  const table = new Map<string, PerfEvent>();
  const addAll = (type: number, prefix: string, names: readonly (readonly string[])[]): void => {
    for (const [config, spellings] of names.entries()) {
      for (const name of spellings) {
        table.set(name, event(type, BigInt(config)));
        table.set(`${prefix}-${name}`, event(type, BigInt(config)));
      }
    }
  };
  addAll(HARDWARE, "perf-count-hw", HARDWARE_EVENTS);
  addAll(SOFTWARE, "perf-count-sw", SOFTWARE_EVENTS);
  for (const [cache, name] of CACHES.entries()) {
    for (const [operation, [one = "", many = ""]] of OPERATIONS.entries()) {
      const config = cache | (operation << 8);
      table.set(`${name}-${many}`, event(CACHE, BigInt(config)));
      table.set(`${name}-${one}-misses`, event(CACHE, BigInt(config | (1 << 16))));
    }
  }
  return table;
}

const table = buildTable();

/** An event told by its numbers. */
export function customEvent({ type, config }: CustomEvent): PerfEvent {
  const [first = 0n, second = 0n, third = 0n] = config;
  return event(type, first, second, third);
}

function unmodified(name: string, units: readonly PerfUnit[]): PerfEvent | undefined {
  const known = table.get(name.toLowerCase().replaceAll("_", "-"));
  if (known !== undefined) return known;
  const raw = /^r([\da-f]{1,16})$/i.exec(name)?.[1];
  if (raw !== undefined) return event(RAW, BigInt(`0x${raw}`));
  const [, unitName = "cpu", inside = name] = /^([^/]+)\/([^/]+)\/?$/.exec(name) ?? [];
  const unit = units.find((candidate) => candidate.name === unitName);
  return unit === undefined ? undefined : eventOfUnit(unit, inside);
}

/**
 * Finds a core event by its name: `cycles`, `L1-dcache-load-misses`, `r01c2`, `cpu/mem-loads/`, with
 * `:u` or `:k` behind it for user mode or kernel alone. Undefined if this machine has no such event.
 */
export function namedEvent(name: string, units: readonly PerfUnit[]): PerfEvent | undefined {
  const [, plain = name, modifier] = /^(.+):([uk]+)$/.exec(name) ?? [];
  const found = unmodified(plain, units);
  if (found === undefined || modifier === undefined) return found;
  const [user, kernel] = [modifier.includes("u"), modifier.includes("k")];
  return user && kernel ? found : { ...found, only: user ? "user" : "kernel" };
}
