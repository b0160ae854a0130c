import { isSandbox } from "../../wire/groups.ts";
import { columnOf } from "../../wire/metrics/all.ts";
import { groupCounters, groupGauges } from "../../wire/metrics/groups.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import type { Tracked } from "../window/tracked.ts";
import type { Window } from "../window/window.ts";
import { addTo, Member } from "./member.ts";
import { membershipsOf } from "./memberships.ts";

/** A group without containers keeps its counters for so long, and no more than so many of them do. */
const KEPT_MS = 600_000;
const MOST_EMPTY = 200;

const COUNTERS = groupCounters.map(({ of }) => columnOf(of));
const GAUGES = groupGauges.map(({ of }) => columnOf(of));

/** The sums of one group, in raw units; NaN = none of its containers could be measured. */
export interface GroupTotal {
  /** In the order of `groupCounters`; none ever goes back. */
  readonly counters: Float64Array;
  /** In the order of `groupGauges`, of the containers that run. */
  readonly gauges: Float64Array;
  /** How many containers run. */
  size: number;
  /** Unix milliseconds of the last pass in which it had one. */
  seenAt: number;
}

/** A container's counters, and the pass of the sample up to which they are in. */
interface Taken {
  readonly member: Member;
  tick: number;
}

/**
 * What each group of containers has used since we look on. A container that is made anew, begins
 * anew or goes leaves what it has used with its groups; what it used before we saw it is not in
 * them, nor is what it used between its last sample and its end.
 */
export class GroupTotals {
  readonly #window: Window;
  readonly #totals: Map<string, GroupTotal> = new Map();
  readonly #members: WeakMap<Tracked, Taken> = new WeakMap();
  readonly #values: Float64Array = new Float64Array(COUNTERS.length);
  readonly #stop: () => void;
  #isFirstPass = true;

  /** Follows a window from now on, pass by pass. */
  constructor(window: Window) {
    this.#window = window;
    this.#stop = window.onPass(() => this.#pass());
  }

  /** Each group that has or lately had containers, by its labels as they stand on the page. */
  get totals(): ReadonlyMap<string, GroupTotal> {
    return this.#totals;
  }

  close(): void {
    this.#stop();
  }

  #pass(): void {
    const { passedAt } = this.#window;
    for (const total of this.#totals.values()) {
      total.size = 0;
      total.gauges.fill(Number.NaN);
    }
    for (const tracked of this.#window.live) {
      // Only what an engine owns can be in a group.
      if (engineIdOf(tracked.cgroup.id) === undefined) continue;
      if (tracked.ring.length > 0) this.#take(tracked, passedAt);
    }
    this.#isFirstPass = false;
    this.#forget(passedAt);
  }

  #take(tracked: Tracked, time: number): void {
    const member = this.#read(tracked);
    const { growth } = member;
    const memberships = membershipsOf(tracked.container);
    const counts = !isSandbox(tracked.container.labels);
    for (const labels of memberships) {
      const total = this.#totalOf(labels);
      if (counts) total.size++;
      total.seenAt = time;
      for (let index = 0; index < GAUGES.length; index++) {
        addTo(total.gauges, index, tracked.newestValue(GAUGES[index] ?? 0));
      }
      for (let index = 0; index < COUNTERS.length; index++) {
        addTo(total.counters, index, growth[index] ?? Number.NaN);
      }
    }
    // As long as its engine has not told who it is, what it uses is kept for its groups.
    if (memberships.length > 0) member.clear();
  }

  #read(tracked: Tracked): Member {
    const { ring } = tracked;
    const newest = ring.length - 1;
    const tick = ring.tickAt(newest);
    let taken = this.#members.get(tracked);
    if (taken === undefined) {
      // What the first pass finds was there before us; what comes later was made since.
      taken = { member: new Member(COUNTERS.length, !this.#isFirstPass), tick: -1 };
      this.#members.set(tracked, taken);
    }
    if (taken.tick === tick) return taken.member;
    taken.tick = tick;
    for (let index = 0; index < COUNTERS.length; index++) {
      this.#values[index] = tracked.newestValue(COUNTERS[index] ?? 0);
    }
    taken.member.take(this.#values, Number.isNaN(ring.intervalAt(newest)));
    return taken.member;
  }

  #totalOf(labels: string): GroupTotal {
    let total = this.#totals.get(labels);
    if (total === undefined) {
      total = {
        counters: new Float64Array(COUNTERS.length).fill(Number.NaN),
        gauges: new Float64Array(GAUGES.length).fill(Number.NaN),
        size: 0,
        seenAt: 0,
      };
      this.#totals.set(labels, total);
    }
    return total;
  }

  #forget(time: number): void {
    const empty = [...this.#totals].filter(([, total]) => total.size === 0);
    if (empty.length === 0) return;
    empty.sort(([, a], [, b]) => b.seenAt - a.seenAt);
    for (const [place, [labels, { seenAt }]] of empty.entries()) {
      if (place >= MOST_EMPTY || time - seenAt > KEPT_MS) this.#totals.delete(labels);
    }
  }
}
