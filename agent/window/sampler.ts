import type { Clock } from "../../lib/clock.ts";
import { Slice } from "../../lib/slice.ts";
import type { Container } from "../../wire/container.ts";
import { ROW_WIDTH } from "../../wire/metrics/all.ts";
import { cgroupAt } from "../cgroup/cgroup.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import type { Hierarchies } from "../cgroup/hierarchy.ts";
import { CgroupTree } from "../cgroup/tree.ts";
import type { Collector, Host } from "../collectors/collector.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { Tracked } from "./tracked.ts";
import type { Window } from "./window.ts";

/** A timer may ring a little early; this keeps every sample within the second that it is meant for. */
const PHASE_MS = 10;

/** Engines tell of each container by itself; what they tell in such a time is taken up together. */
const GATHER_MS = 50;

/** What sampling costs and how well it keeps time; all since the start. */
export interface SamplerCost {
  passes: number;
  /** Passes that should have been while another was still running. */
  missed: number;
  passSeconds: number;
  /** By how much the last pass began too late. */
  lateSeconds: number;
  readonly collectorSeconds: Map<string, number>;
}

/** Told how passes go. Times are Unix milliseconds. */
export interface PassWatch {
  /** Before cgroups are looked for. */
  beginPass(time: number): void;
  /** A cgroup has been found, which was made then. */
  came?(cgroup: string, time: number): void;
  /** A cgroup has gone, which was this container's. */
  gone(cgroup: string, container: Container, time: number): void;
  /** Cgroups have been read: all, or only those that the pass has found. */
  endPass(time: number, isWhole: boolean): void;
}

/** What a sampler works with. */
export interface SamplerParts {
  readonly hierarchies: Hierarchies;
  readonly collectors: readonly Collector[];
  readonly host: Host;
  readonly inventory: Inventory;
  readonly window: Window;
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly watches?: readonly PassWatch[];
  /** Which cgroups are wanted, by path; all of them if left out. */
  readonly selects?: (id: string) => boolean;
}

/** Finds the cgroups and reads every one of them once each interval, on the second. */
export class Sampler {
  readonly cost: SamplerCost = {
    passes: 0,
    missed: 0,
    passSeconds: 0,
    lateSeconds: 0,
    collectorSeconds: new Map(),
  };
  readonly #parts: SamplerParts;
  readonly #tree: CgroupTree;
  readonly #row: Float64Array = new Float64Array(ROW_WIDTH);
  /** Engine ids of containers that must be described anew. */
  #stale: Set<string> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #soonTimer: NodeJS.Timeout | undefined;
  #scanSoon = false;
  #plannedAt = 0;
  #passing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SamplerParts) {
    this.#parts = parts;
    this.#tree = new CgroupTree(parts.hierarchies);
  }

  /** Takes the first sample of everything, then goes on by itself. */
  async start(): Promise<void> {
    await this.pass();
    this.#plan();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#soonTimer);
    await this.#passing;
    this.#parts.window.close();
  }

  /** What an engine knows of a container has changed: describe it anew. */
  describeAgain(engineId: string): void {
    this.#stale.add(engineId);
    this.#passSoon();
  }

  /** A container has started or ended: look now, not only at the next second. */
  rescan(): void {
    this.#scanSoon = true;
    this.#passSoon();
  }

  #passSoon(): void {
    if (this.#closed) return;
    this.#soonTimer ??= setTimeout(() => {
      this.#soonTimer = undefined;
      if (this.#scanSoon) void this.pass("found");
      this.#scanSoon = false;
      this.#passing = this.#passing.then(() => this.#describeStale());
    }, GATHER_MS);
  }

  /** One pass over all cgroups, or only over those that it finds; passes never overlap. */
  pass(which: "all" | "found" = "all"): Promise<void> {
    this.#passing = this.#passing.then(() => this.#pass(which));
    return this.#passing;
  }

  async #pass(which: "all" | "found"): Promise<void> {
    if (this.#closed) return;
    const { clock, window } = this.#parts;
    const startedAt = clock.monotonic();
    const timeOffset = clock.now() - startedAt;
    const { watches = [] } = this.#parts;
    const tick = window.beginPass();
    for (const watch of watches) watch.beginPass(timeOffset + startedAt);
    const found = this.#discover(tick, timeOffset + startedAt, which === "found");
    const stale = this.#stale;
    // Those that were found just now have been described.
    if (which === "all") this.#stale = new Set();
    await this.#sample(which === "all" ? [...window.live] : found, stale, tick, timeOffset);
    for (const watch of watches) watch.endPass(timeOffset + startedAt, which === "all");
    window.endPass(tick, timeOffset + startedAt, startedAt);
    this.cost.passes++;
    this.cost.passSeconds += (clock.monotonic() - startedAt) / 1000;
  }

  /** Shows what engines have told since the last pass; takes no samples. */
  #describeStale(): void {
    const { clock, inventory, window } = this.#parts;
    const stale = [...window.live].filter(({ cgroup }) => this.#isStale(cgroup.id));
    this.#stale = new Set();
    if (this.#closed || stale.length === 0) return;
    const tick = window.beginPass();
    for (const tracked of stale) {
      tracked.refresh(tick, (limits) => inventory.describe(tracked.cgroup.id, limits));
    }
    window.endPass(tick, clock.now(), clock.monotonic());
  }

  #isStale(cgroup: string, stale: ReadonlySet<string> = this.#stale): boolean {
    return stale.size > 0 && stale.has(engineIdOf(cgroup) ?? "");
  }

  /** Takes up the cgroups that have come, lets go of those that went. */
  #discover(tick: number, time: number, isCertain: boolean): Tracked[] {
    const { inventory, window, watches = [], selects = () => true } = this.#parts;
    const { added, removed } = this.#tree.scan(isCertain);
    for (const id of removed) this.#remove(id, time, tick);
    for (const id of added) inventory.appeared(id);
    return added.filter(selects).map((id) => {
      const tracked = this.#track(id, tick);
      window.add(tracked);
      const madeAt = Math.min(tracked.createdAt * 1000 || time, time);
      for (const watch of watches) watch.came?.(id, madeAt);
      return tracked;
    });
  }

  #remove(id: string, time: number, tick: number): void {
    const { clock, inventory, window, watches = [] } = this.#parts;
    const container = window.get(id)?.container;
    inventory.vanished(id);
    window.remove(id, time, tick, clock.monotonic());
    if (container === undefined) return;
    for (const watch of watches) watch.gone(id, container, time);
  }

  #track(id: string, tick: number): Tracked {
    const { hierarchies, collectors, host, inventory, window } = this.#parts;
    const cgroup = cgroupAt(hierarchies, id);
    return new Tracked(cgroup, collectors, host, window.capacity, tick, (limits) =>
      inventory.describe(id, limits),
    );
  }

  async #sample(
    all: readonly Tracked[],
    stale: ReadonlySet<string>,
    tick: number,
    timeOffset: number,
  ): Promise<void> {
    const { clock } = this.#parts;
    const now = (): number => clock.monotonic();
    const account = (collector: Collector, milliseconds: number): void => {
      const spent = this.cost.collectorSeconds.get(collector.name) ?? 0;
      this.cost.collectorSeconds.set(collector.name, spent + milliseconds / 1000);
    };
    const slice = new Slice();
    for (const tracked of all) {
      if (slice.isOver()) await slice.next();
      if (this.#closed) return;
      this.#describe(tracked, tick, stale);
      tracked.sample(tick, timeOffset + now(), now, this.#row, account);
    }
  }

  #describe(tracked: Tracked, tick: number, stale: ReadonlySet<string>): void {
    const { inventory } = this.#parts;
    const { id } = tracked.cgroup;
    if (tracked.isSpecDue() || this.#isStale(id, stale)) {
      tracked.refresh(tick, (limits) => inventory.describe(id, limits));
    }
  }

  /** Passes begin just after whole intervals of the clock, so that all nodes of a cluster sample together. */
  #plan(): void {
    if (this.#closed) return;
    const { clock, intervalMs } = this.#parts;
    const rest = intervalMs - ((clock.now() - PHASE_MS) % intervalMs);
    // It rang early: this interval has been done then.
    const delay = rest < intervalMs / 10 ? rest + intervalMs : rest;
    this.#plannedAt = clock.monotonic() + delay;
    this.#timer = setTimeout(() => void this.#onTime(), delay);
  }

  async #onTime(): Promise<void> {
    const { clock, intervalMs } = this.#parts;
    this.cost.lateSeconds = Math.max(0, clock.monotonic() - this.#plannedAt) / 1000;
    await this.pass();
    const over = Math.max(0, clock.monotonic() - this.#plannedAt);
    this.cost.missed += Math.floor(over / intervalMs);
    this.#plan();
  }
}
