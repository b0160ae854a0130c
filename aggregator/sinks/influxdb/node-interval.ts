import type { Container } from "../../../wire/container.ts";
import { limitsOf, uptimeOf } from "../../model/heapster.ts";
import { Cells, type CellTime, CellSums } from "./cells.ts";
import { isNested, keyOf, type Place, type Tags } from "./place.ts";
import { type Summed, Tally } from "./tally.ts";

/** All that is written of one series at one time. */
export interface Row {
  readonly tags: Tags;
  /** Unix milliseconds. */
  readonly time: number;
  readonly values: readonly Summed[];
}

/** Several containers together, with what they may use. */
export class Group {
  readonly sums: CellSums = new CellSums();
  /** Each only once, however often it was started anew in the interval. */
  readonly members: Map<string, Container> = new Map();
}

/** What counts in the whole cluster: groups by namespace, and all containers under "". */
export type NodeGroups = ReadonlyMap<string, Group>;

/** The name of the group of all containers; no namespace is called so. */
export const ALL = "";

/** A series of containers of one name: one after the other, if it was started anew. */
interface Own {
  readonly tags: Tags;
  readonly tally: Tally;
  container: Container;
}

interface Counted {
  readonly place: Place;
  readonly container: Container;
  readonly cells: Cells;
}

/** The samples of one node within one interval. */
export class NodeInterval {
  readonly #time: CellTime;
  readonly #own = new Map<string, Own>();
  readonly #counted = new Map<string, Counted>();
  #nodeTags: Tags | undefined;
  /** Unix milliseconds of its newest sample. */
  newest = 0;

  constructor(time: CellTime) {
    this.#time = time;
  }

  /** Takes samples in, all of which lie in this interval. */
  add(container: Container, place: Place, samples: Samples): void {
    const own = place.tags && this.#ownOf(place.tags, container);
    if (place.isNode) this.#nodeTags = place.tags;
    const cells = place.isContainer ? this.#cellsOf(place, container) : undefined;
    for (let index = samples.from; index < samples.to; index++) {
      const row = samples.rows[index];
      if (row === undefined) continue;
      const interval = samples.intervals[index] ?? Number.NaN;
      const time = samples.times[index] ?? 0;
      own?.tally.add(row, interval);
      cells?.add(time, row, interval);
      this.newest = Math.max(this.newest, time);
    }
  }

  #ownOf(tags: Tags, container: Container): Own {
    const key = keyOf(tags);
    const own = this.#own.get(key) ?? { tags, tally: new Tally(), container };
    own.container = container;
    this.#own.set(key, own);
    return own;
  }

  #cellsOf(place: Place, container: Container): Cells {
    const counted = this.#counted.get(container.id);
    if (counted !== undefined) return counted.cells;
    const cells = new Cells(this.#time);
    this.#counted.set(container.id, { place, container, cells });
    return cells;
  }

  /**
   * Ends it.
   * @param time what its rows are to be written at, Unix milliseconds
   * @param goesOn whether a container had samples afterwards
   */
  close(time: number, goesOn: (id: string) => boolean): { rows: Row[]; groups: NodeGroups } {
    const groups = new Map<string, Group>([[ALL, new Group()]]);
    const pods = new Map<string, { tags: Tags; group: Group; started: number }>();
    const ids = new Set(this.#counted.keys());
    for (const { place, container, cells } of this.#counted.values()) {
      if (isNested(container, ids)) continue;
      const isFollowed = goesOn(container.id);
      const key = keyOf(place.tags ?? { id: container.id });
      for (const group of groupsOf(place, groups)) addTo(group, key, container, cells, isFollowed);
      if (place.podTags === undefined) continue;
      const podKey = keyOf(place.podTags);
      const pod = pods.get(podKey) ?? {
        tags: place.podTags,
        group: new Group(),
        started: Number.NaN,
      };
      pods.set(podKey, pod);
      addTo(pod.group, key, container, cells, isFollowed);
      const uptime = uptimeOf(container, { time });
      if (!(uptime <= pod.started)) pod.started = uptime;
    }
    const rows: Row[] = [...pods.values()].map(({ tags, group, started }) => {
      const values = [...uptimeRow(started), ...group.sums.summed(), ...limitRows(group)];
      return { tags, time, values };
    });
    for (const one of this.#own.values()) rows.push(this.#ownRow(one, time, groups));
    return { rows: rows.filter(({ values }) => values.length > 0), groups };
  }

  #ownRow({ tags, tally, container }: Own, time: number, groups: NodeGroups): Row {
    const measured = tally.summed();
    if (tags === this.#nodeTags) {
      const all = groups.get(ALL);
      return { tags, time, values: [...measured, ...(all === undefined ? [] : limitRows(all))] };
    }
    const isContainer = this.#counted.has(container.id);
    const limits = isContainer ? constants(limitsOf([{ container }])) : [];
    const restarts =
      container.restarts === undefined ? [] : [constant("restart_count", container.restarts)];
    const uptime = uptimeRow(uptimeOf(container, { time }));
    return { tags, time, values: [...uptime, ...measured, ...limits, ...restarts] };
  }
}

/** A part of the samples of a stretch. */
export interface Samples {
  readonly times: readonly number[];
  readonly intervals: readonly number[];
  readonly rows: readonly Float64Array[];
  /** From this one up to and without the other. */
  readonly from: number;
  readonly to: number;
}

function groupsOf({ namespace }: Place, groups: Map<string, Group>): Group[] {
  const names = namespace === undefined ? [ALL] : [ALL, namespace];
  return names.map((name) => {
    const group = groups.get(name) ?? new Group();
    groups.set(name, group);
    return group;
  });
}

function addTo(
  group: Group,
  key: string,
  container: Container,
  cells: Cells,
  goesOn: boolean,
): void {
  group.sums.add(cells, goesOn);
  group.members.set(key, container);
}

/** What the members of a group may use together. */
export function limitRows({ members }: Group): Summed[] {
  return constants(limitsOf([...members.values()].map((container) => ({ container }))));
}

function constants(values: readonly { readonly name: string; readonly value: number }[]): Summed[] {
  return values.map(({ name, value }) => constant(name, value));
}

function constant(name: string, value: number): Summed {
  return { name, isInteger: true, average: value };
}

function uptimeRow(milliseconds: number): Summed[] {
  return Number.isFinite(milliseconds) ? [constant("uptime", milliseconds)] : [];
}
