import type { Container, Limits } from "../../wire/container.ts";
import { allMetrics, newestMetrics } from "../../wire/metrics/all.ts";
import { Ring, type Row } from "../../wire/ring.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { readBootTime, readCreatedAt } from "../cgroup/created-at.ts";
import { readSpec, type Spec } from "../cgroup/spec.ts";
import type { Collector, Host, Probe, SeriesValues } from "../collectors/collector.ts";
import { limitsOf } from "../inventory/limits.ts";

/** Samples after which the limits are read again: often at first, as an engine sets them after it made the cgroup. */
const SPEC_EARLY = [1, 3, 10];
const SPEC_EVERY = 60;

/** They take turns in the order in which they were made, so that not all are read again at once. */
let made = 0;

/** Samples to wait before a collector that found nothing is asked again. */
const FIRST_RETRY = 1;
const LAST_RETRY = 32;

interface Slot {
  readonly collector: Collector;
  probe: Probe | undefined;
  retryAt: number;
  retryAfter: number;
}

/** Told how long each collector took. */
export type Account = (collector: Collector, milliseconds: number) => void;

/** One cgroup that is being sampled: its open files, its limits, who it is and its window. */
export class Tracked {
  readonly cgroup: Cgroup;
  readonly ring: Ring;
  /** The last sample's values of `newestMetrics`. */
  readonly newest: Float64Array = new Float64Array(newestMetrics.length).fill(Number.NaN);
  container: Container;
  spec: Spec;
  /** When the cgroup was made, Unix seconds; NaN = not known. */
  createdAt: number;
  /** The pass since which `container` is as it is. */
  describedAt: number;
  /** When it was found gone: Unix milliseconds, and the pass. */
  gone: { readonly time: number; readonly tick: number } | undefined;
  readonly #host: Host;
  readonly #slots: readonly Slot[];
  /** Which sample of every `SPEC_EVERY` is its turn. */
  readonly #turn: number = made++ % SPEC_EVERY;
  #limits: Limits;
  #samples = 0;
  #sampledAt = Number.NaN;

  constructor(
    cgroup: Cgroup,
    collectors: readonly Collector[],
    host: Host,
    capacity: number,
    tick: number,
    describe: (limits: Limits) => Container,
  ) {
    this.cgroup = cgroup;
    this.ring = new Ring(capacity, allMetrics.length);
    this.#host = host;
    this.#slots = collectors.map(newSlot);
    this.spec = readSpec(cgroup, host.files);
    this.createdAt = readCreatedAt(cgroup, bootTimeOf(host));
    this.#limits = limitsOf(this.spec);
    this.container = describe(this.#limits);
    this.describedAt = tick;
  }

  /** A raw value of the last sample, whether the window keeps it or not; NaN = not measured. */
  newestValue(column: number): number {
    return column < allMetrics.length
      ? this.ring.valueAt(this.ring.length - 1, column)
      : (this.newest[column - allMetrics.length] ?? Number.NaN);
  }

  /** The last sample's values of a collector's series. */
  seriesOf(collector: Collector): SeriesValues | undefined {
    return this.#slots.find((slot) => slot.collector === collector)?.probe?.series;
  }

  /** Takes one sample into the window; false if the cgroup has gone or has been made anew. */
  sample(tick: number, time: number, now: () => number, row: Row, account: Account): boolean {
    const { failures } = this.#host.files;
    const goneBefore = failures.get("gone") ?? 0;
    row.fill(Number.NaN);
    const at = now();
    this.#read(row, at, now, account);
    this.#samples++;
    if ((failures.get("gone") ?? 0) > goneBefore) {
      this.#restart();
      return false;
    }
    this.ring.push(tick, time, at - this.#sampledAt, row.subarray(0, allMetrics.length));
    this.newest.set(row.subarray(allMetrics.length));
    this.#sampledAt = at;
    return true;
  }

  /** Whether its limits should be read again now. */
  isSpecDue(): boolean {
    const isItsTurn = this.#samples % SPEC_EVERY === this.#turn;
    return isItsTurn || this.#samples === 0 || SPEC_EARLY.includes(this.#samples);
  }

  /** Reads the limits and describes it anew. */
  refresh(tick: number, describe: (limits: Limits) => Container): void {
    this.spec = readSpec(this.cgroup, this.#host.files);
    if (Number.isNaN(this.createdAt)) {
      this.createdAt = readCreatedAt(this.cgroup, bootTimeOf(this.#host));
    }
    this.#limits = limitsOf(this.spec);
    const container = describe(this.#limits);
    if (JSON.stringify(container) === JSON.stringify(this.container)) return;
    this.container = container;
    this.describedAt = tick;
  }

  /** Closes its files. */
  close(): void {
    for (const slot of this.#slots) {
      slot.probe?.close();
      slot.probe = undefined;
    }
  }

  #read(row: Row, start: number, now: () => number, account: Account): void {
    let before = start;
    for (const slot of this.#slots) {
      if (slot.probe === undefined) this.#open(slot);
      slot.probe?.read(row, this.#limits);
      const after = now();
      account(slot.collector, after - before);
      before = after;
    }
  }

  #open(slot: Slot): void {
    if (this.#samples < slot.retryAt) return;
    slot.probe = slot.collector.open(this.cgroup, this.#host);
    slot.retryAt = this.#samples + slot.retryAfter;
    slot.retryAfter = Math.min(slot.retryAfter * 2, LAST_RETRY);
  }

  /** Its files are of a cgroup that is no more; another may have taken its path. */
  #restart(): void {
    this.close();
    for (const slot of this.#slots) Object.assign(slot, newSlot(slot.collector));
    this.#samples = 0;
    this.#sampledAt = Number.NaN;
    this.createdAt = Number.NaN;
  }
}

const bootTimes = new WeakMap<Host, number>();

/** Read once: on a large machine the file is a long one. */
function bootTimeOf(host: Host): number {
  let time = bootTimes.get(host);
  if (time === undefined) bootTimes.set(host, (time = readBootTime(host.procRoot)));
  return time;
}

function newSlot(collector: Collector): Slot {
  return { collector, probe: undefined, retryAt: 0, retryAfter: FIRST_RETRY };
}
