import { measures } from "./measures.ts";
import { ALL, Group, limitRows, type NodeGroups, type Row } from "./node-interval.ts";
import { tagsOf } from "./place.ts";

/** What sums over nodes need to know. */
export interface ClusterIntervalSettings {
  readonly clusterName: string;
  /** Milliseconds. */
  readonly resolution: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

interface OpenInterval {
  readonly groups: Map<string, Group>;
  /** Of some node a part is missing, or of all what was before this program began. */
  isPart: boolean;
}

/** After so long every agent that answers has been asked at least once. */
const FIRST_ROUND_MS = 60_000;
/** A node whose clock is far behind is waited for no longer than until so much is open. */
const MOST_OPEN_MS = 180_000;
/** At least. */
const MOST_OPEN = 3;

/** Namespaces and the cluster: what containers of all nodes use together. */
export class ClusterIntervals {
  readonly #settings: ClusterIntervalSettings;
  readonly #openedAt: number;
  readonly #open = new Map<number, OpenInterval>();
  #writtenUntil = Number.NEGATIVE_INFINITY;

  constructor(settings: ClusterIntervalSettings) {
    this.#settings = settings;
    this.#openedAt = settings.now();
  }

  /** Takes in what a node's containers used in the interval of this number. */
  add(number: number, groups: NodeGroups, isWhole: boolean): void {
    const start = number * this.#settings.resolution;
    // A sum that was written without a node stays as it is.
    if (start < this.#writtenUntil) return;
    const open = this.#open.get(number) ?? { groups: new Map<string, Group>(), isPart: false };
    this.#open.set(number, open);
    open.isPart ||= !isWhole || start < this.#openedAt;
    for (const [name, { sums, members }] of groups) {
      const group = open.groups.get(name) ?? new Group();
      open.groups.set(name, group);
      group.sums.merge(sums);
      for (const [key, container] of members) group.members.set(key, container);
    }
  }

  /** What all nodes have told of; `writtenUntil` says up to when each has. Unix milliseconds. */
  close(writtenUntil: readonly number[]): Row[] {
    const { now, resolution } = this.#settings;
    if (now() - this.#openedAt < FIRST_ROUND_MS) return [];
    const until = writtenUntil
      .filter(Number.isFinite)
      .reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const most = Math.max(MOST_OPEN, Math.ceil(MOST_OPEN_MS / resolution));
    const tooOld =
      [...this.#open.keys()].toSorted((a, b) => b - a)[most] ?? Number.NEGATIVE_INFINITY;
    return this.#closeThose((number) => number <= tooOld || (number + 1) * resolution <= until);
  }

  /** Ends everything that is open. */
  flush(): Row[] {
    for (const open of this.#open.values()) open.isPart = true;
    return this.#closeThose(() => true);
  }

  #closeThose(isOver: (number: number) => boolean): Row[] {
    const { resolution } = this.#settings;
    const numbers = [...this.#open.keys()].filter(isOver).toSorted((a, b) => a - b);
    return numbers.flatMap((number) => {
      const open = this.#open.get(number);
      this.#open.delete(number);
      const end = (number + 1) * resolution;
      this.#writtenUntil = end;
      if (open === undefined) return [];
      // A part must not take the place of the whole.
      const time = open.isPart ? end - 1 : end;
      return [...open.groups].map(([name, group]) => this.#rowOf(name, group, time));
    });
  }

  #rowOf(name: string, group: Group, time: number): Row {
    const labels = name === ALL ? { type: "cluster" } : { type: "ns", namespace_name: name };
    const summed = group.sums.summed((index) => measures[index]?.isSummed === true);
    const limits = group.members.size === 0 ? [] : limitRows(group);
    return {
      tags: tagsOf(this.#settings.clusterName, labels),
      time,
      values: [...summed, ...limits],
    };
  }
}
