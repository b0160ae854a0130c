import { encodeLabels } from "../../wire/exposition/encode.ts";
import type { Libc } from "../syscalls/libc.ts";
import { closePerfGroup, openPerfGroup, type PerfEvent } from "../syscalls/perf-event.ts";
import type { EventSet } from "./perf-config.ts";
import type { Counted } from "./perf-counts.ts";
import { customEvent } from "./perf-names.ts";
import { socketOf } from "./perf-sockets.ts";
import { eventOfUnit, type PerfUnit } from "./perf-units.ts";

/** Told of events that can't be counted: their names, and the number of the error below 0. */
type Refused = (names: readonly string[], result: number) => void;

/** What is told where there is no unit, or the unit has no such event. */
const ENODEV = -19;

/**
 * Units that count an event: those whose name begins as the event's does before the slash
 * (`uncore_imc/cas_count_read`), or the one of the type that the event's numbers name.
 */
export function unitsFor(name: string, set: EventSet, units: readonly PerfUnit[]): PerfUnit[] {
  const shared = units.filter(({ cpus }) => cpus !== undefined);
  const type = set.custom.get(name)?.type ?? 0;
  if (type !== 0) return shared.filter((unit) => unit.type === type);
  const slash = name.indexOf("/");
  return slash < 1 ? [] : shared.filter((unit) => unit.name.startsWith(name.slice(0, slash)));
}

/** An event as one unit knows it. */
export function uncoreEvent(name: string, set: EventSet, unit: PerfUnit): PerfEvent | undefined {
  const custom = set.custom.get(name);
  if (custom !== undefined) return { ...customEvent(custom), type: unit.type };
  return eventOfUnit(unit, name.slice(name.indexOf("/") + 1).replace(/\/$/, ""));
}

/** Starts counting the events outside the cores, for the whole machine. */
export function openUncore(
  libc: Libc,
  set: EventSet,
  units: readonly PerfUnit[],
  sysRoot: string,
  refused: Refused,
): Counted[] {
  return set.groups.flatMap((names) => {
    // Only what one unit counts can be counted in the same moments.
    const common = unitsFor(names[0] ?? "", set, units).filter((unit) =>
      names.every((name) => unitsFor(name, set, units).includes(unit)),
    );
    if (common.length === 0) refused(names, ENODEV);
    return common.flatMap((unit) => openOnUnit(libc, set, names, unit, sysRoot, refused));
  });
}

function openOnUnit(
  libc: Libc,
  set: EventSet,
  names: readonly string[],
  unit: PerfUnit,
  sysRoot: string,
  refused: Refused,
): Counted[] {
  const events = names
    .map((name) => uncoreEvent(name, set, unit))
    .filter((event) => event !== undefined);
  if (events.length < names.length) {
    refused(names, ENODEV);
    return [];
  }
  const counted: Counted[] = [];
  for (const cpu of unit.cpus ?? []) {
    const group = openPerfGroup(libc, events, { cgroup: undefined, cpu });
    if (typeof group === "number") {
      for (const one of counted) closePerfGroup(one.group);
      refused(names, group);
      return [];
    }
    const socket = socketOf(sysRoot, cpu);
    const keys = names.map((event) => encodeLabels({ socket, event, pmu: unit.name }));
    counted.push({ group, keys });
  }
  return counted;
}
