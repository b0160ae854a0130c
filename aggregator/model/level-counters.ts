import type { Container } from "../../wire/container.ts";
import type { FeedSamples } from "../../wire/feed.ts";
import type { Level } from "../../wire/levels.ts";
import { columnOf } from "../../wire/metrics/all.ts";
import { levelCounters } from "../../wire/metrics/level-families.ts";
import { addTo, CounterGrowth } from "./counter-growth.ts";
import { isEngineOwned, type Placed, placeAt, ROOT } from "./level.ts";

/** The levels that have counters; pods come and go too fast for series of their own. */
const GROUPS: readonly Level[] = ["service", "namespace", "stack", "compose_project"];
const MACHINES: readonly Level[] = ["node", "cluster"];

const COLUMNS = levelCounters.map(({ of }) => columnOf(of));

/** There is only one, whatever it is called. */
const THE_CLUSTER = "";

/** A group without containers keeps its counters for so long. */
const KEPT_MS = 3_600_000;
/** So that names without end can't fill the page. */
const MOST_GROUPS = 20_000;

/** What one group has used since we look on. */
export interface LevelTotal {
  readonly level: Level;
  /** Empty for the cluster: its name is the reader's business. */
  readonly name: string;
  /** In the order of `levelCounters`, in raw units; none ever goes back. NaN = never measured. */
  readonly counters: Float64Array;
  /** Unix milliseconds at which one of its containers was last heard of. */
  seenAt: number;
}

/** Where a container counts. */
interface Memberships {
  readonly container: Container;
  /** Those that it is a part of. */
  readonly summed: readonly LevelTotal[];
  /** Those that only count how many there are: machines are measured as a whole. */
  readonly counted: readonly LevelTotal[];
}

interface Held {
  readonly growth: CounterGrowth;
  memberships: Memberships | undefined;
  seenAt: number;
}

/** Samples of one container, as its agent handed them in. */
export interface Handed extends Placed {
  readonly samples: FeedSamples;
  /** Unix milliseconds, by our clock. */
  readonly now: number;
  /** Whether its node has been heard of before, so that what is new there was made since. */
  readonly isNodeKnown: boolean;
}

/**
 * What each group of containers has used, those that are gone included, since this process began.
 * It grows with each answer of an agent, by what that brings.
 */
export class LevelCounters {
  readonly #totals: Map<string, LevelTotal> = new Map();
  /** By node, then by cgroup path. */
  readonly #held: Map<string, Map<string, Held>> = new Map();
  #refused = 0;

  /** Each group that has or lately had containers. */
  get totals(): Iterable<LevelTotal> {
    return this.#totals.values();
  }

  /** How many groups were refused because there are too many; each may be counted again and again. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes an answer's samples of one container. */
  take({ node, container, samples, now, isNodeKnown }: Handed): void {
    const isRoot = container.id === ROOT;
    if (!isRoot && !isEngineOwned(container) && !this.#has(node, container.id)) {
      // Until its engine has said who it is, it may yet be a container: its growth is kept.
      if (!isEngineLike(container.id)) return;
    }
    const held = this.#heldOf(node, container.id, isNodeKnown);
    held.seenAt = now;
    for (const [index, row] of samples.rows.entries()) {
      held.growth.take({
        tick: samples.ticks[index] ?? Number.NaN,
        time: samples.times[index] ?? Number.NaN,
        interval: samples.intervals[index] ?? Number.NaN,
        row,
      });
    }
    if (held.memberships?.container !== container) {
      held.memberships = this.#membershipsOf({ node, container });
    }
    const { summed, counted } = held.memberships;
    for (const total of counted) total.seenAt = now;
    for (const total of summed) {
      total.seenAt = now;
      for (let index = 0; index < COLUMNS.length; index++) {
        addTo(total.counters, index, held.growth.growth[index] ?? Number.NaN);
      }
    }
    if (summed.length > 0 || counted.length > 0) held.growth.clear();
  }

  /** Where a container counts, if it does. */
  membershipsOf({ node, container }: Placed): Memberships | undefined {
    return this.#held.get(node)?.get(container.id)?.memberships;
  }

  /** Lets go of what has long ended. */
  forget(now: number): void {
    for (const [node, members] of this.#held) {
      for (const [id, { seenAt }] of members) if (now - seenAt > KEPT_MS) members.delete(id);
      if (members.size === 0) this.#held.delete(node);
    }
    for (const [key, { seenAt }] of this.#totals) {
      if (now - seenAt > KEPT_MS) this.#totals.delete(key);
    }
  }

  #has(node: string, id: string): boolean {
    return this.#held.get(node)?.has(id) === true;
  }

  #heldOf(node: string, id: string, isNodeKnown: boolean): Held {
    const members = this.#held.get(node) ?? new Map<string, Held>();
    this.#held.set(node, members);
    let held = members.get(id);
    if (held === undefined) {
      const growth = new CounterGrowth(COLUMNS, isNodeKnown);
      members.set(id, (held = { growth, memberships: undefined, seenAt: 0 }));
    }
    return held;
  }

  #membershipsOf(placed: Placed): Memberships {
    const { container } = placed;
    if (container.id === ROOT) {
      return { container, summed: this.#totalsOf(MACHINES, placed), counted: [] };
    }
    if (!isEngineOwned(container)) return { container, summed: [], counted: [] };
    const outer = this.#outerTotals(placed);
    return {
      container,
      summed: this.#totalsOf(GROUPS, placed).filter((total) => !outer.has(total)),
      counted: this.#totalsOf(MACHINES, placed).filter((total) => !outer.has(total)),
    };
  }

  /** The groups of the containers that this one runs in: they have all of it already. */
  #outerTotals({ node, container: { id } }: Placed): ReadonlySet<LevelTotal> {
    const found = new Set<LevelTotal>();
    for (let end = id.lastIndexOf("/"); end > 0; end = id.lastIndexOf("/", end - 1)) {
      const outer = this.#held.get(node)?.get(id.slice(0, end))?.memberships;
      for (const total of outer?.summed ?? []) found.add(total);
      for (const total of outer?.counted ?? []) found.add(total);
    }
    return found;
  }

  #totalsOf(levels: readonly Level[], placed: Placed): LevelTotal[] {
    return levels.flatMap((level) => {
      const place = placeAt(level, placed, THE_CLUSTER);
      if (place === undefined) return [];
      const key = `${level} ${place.key}`;
      const known = this.#totals.get(key);
      if (known !== undefined) return [known];
      if (this.#totals.size >= MOST_GROUPS) {
        this.#refused++;
        return [];
      }
      const counters = new Float64Array(COLUMNS.length).fill(Number.NaN);
      const total = { level, name: place.name, counters, seenAt: 0 };
      this.#totals.set(key, total);
      return [total];
    });
  }
}

/** Engines name their containers by 64 hexadecimal digits. */
function isEngineLike(id: string): boolean {
  return /[0-9a-f]{64}/.test(id.slice(id.lastIndexOf("/")));
}
