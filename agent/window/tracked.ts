import type { Container, Limits } from "../../wire/container.ts";
import { allMetrics } from "../../wire/metrics/all.ts";
import { Ring, type Row } from "../../wire/ring.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { readSpec, type Spec } from "../cgroup/spec.ts";
import type { Collector, Host, Probe } from "../collectors/collector.ts";
import { limitsOf } from "../inventory/limits.ts";

/** Samples after which the limits are read again: often at first, as an engine sets them after it made the cgroup. */
const SPEC_EARLY = [1, 3, 10];
const SPEC_EVERY = 60;

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
  container: Container;
  spec: Spec;
  /** The pass since which `container` is as it is. */
  describedAt: number;
  /** When it was found gone: Unix milliseconds, and the pass. */
  gone: { readonly time: number; readonly tick: number } | undefined;
  readonly #host: Host;
  readonly #slots: readonly Slot[];
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
    this.#limits = limitsOf(this.spec);
    this.container = describe(this.#limits);
    this.describedAt = tick;
  }

  /** Current values by device or interface, for each collector that has such. */
  *labelled(): Generator<readonly [Collector, NonNullable<Probe["labelled"]>]> {
    for (const { collector, probe } of this.#slots) {
      if (probe?.labelled !== undefined) yield [collector, probe.labelled];
    }
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
    this.ring.push(tick, time, at - this.#sampledAt, row);
    this.#sampledAt = at;
    return true;
  }

  /** Whether its limits should be read again now. */
  isSpecDue(): boolean {
    return this.#samples % SPEC_EVERY === 0 || SPEC_EARLY.includes(this.#samples);
  }

  /** Reads the limits and describes it anew. */
  refresh(tick: number, describe: (limits: Limits) => Container): void {
    this.spec = readSpec(this.cgroup, this.#host.files);
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
  }
}

function newSlot(collector: Collector): Slot {
  return { collector, probe: undefined, retryAt: 0, retryAfter: FIRST_RETRY };
}
