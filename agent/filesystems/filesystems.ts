import type { Clock } from "../../lib/clock.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import { ContainerTask } from "./container-task.ts";
import { EngineViews } from "./engine-view.ts";
import { type FailureReason, MeasureError, reasonOf } from "./failure.ts";
import { MachineFilesystems } from "./machine.ts";
import { Pace } from "./pace.ts";
import { readCapacity } from "./partitions.ts";
import { Patience } from "./patience.ts";
import { Schedule, SMALL, type Task, type WalkTree } from "./schedule.ts";
import type { MachineFilesystem, UsageSource, Watch } from "./usage.ts";
import { Volumes } from "./volumes.ts";
import { type Tally, walk } from "./walk.ts";

/** How often it is looked whether something is due. */
const LOOK_MS = 500;

/** How long the kernel may take over some entries. */
const ANSWER_MS = 15_000;

/** What measuring costs; all since the start. */
export interface FilesystemCost {
  walks: number;
  entries: number;
  /** Without the time in which a walk was held back. */
  walkSeconds: number;
  readonly failures: Map<FailureReason, number>;
}

/** Where to measure, and how fast. */
export interface FilesystemParts {
  readonly procRoot: string;
  /** Where the machine's `/` can be read. */
  readonly rootfs: string;
  readonly entriesPerSecond: number;
  readonly clock: Clock;
}

/** Ends a walk that takes longer than there is time for now. */
class TooMuch extends Error {}

/**
 * Measures what containers and the machine have on their disks, away from the sampling path: a few
 * entries at a time, one tree after the other, and never faster than it was allowed.
 *
 *     sampler ─ watch ─► schedule ─ what is due ─► walk ─► latest ─► probe.read (no I/O)
 */
export class Filesystems implements UsageSource {
  readonly cost: FilesystemCost = { walks: 0, entries: 0, walkSeconds: 0, failures: new Map() };
  readonly schedule: Schedule;
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #patience: Patience = new Patience(ANSWER_MS);
  readonly #views: EngineViews;
  readonly #volumes: Volumes;
  readonly #machine: MachineFilesystems;
  #timer: NodeJS.Timeout | undefined;
  #isWorking = false;
  #isClosed = false;

  constructor({ procRoot, rootfs, entriesPerSecond, clock }: FilesystemParts) {
    this.#clock = clock;
    this.#pace = new Pace(entriesPerSecond, clock);
    this.#views = new EngineViews(procRoot, rootfs, clock);
    this.schedule = new Schedule(clock);
    this.#volumes = new Volumes(this.schedule);
    this.#machine = new MachineFilesystems(this.#views, (reason) => this.#fail(reason));
  }

  /** The machine's own, as of the last look; none while nobody watches it. */
  get ofMachine(): readonly MachineFilesystem[] {
    return this.#machine.filesystems;
  }

  watch(cgroup: Cgroup): Watch | undefined {
    if (this.#isClosed) return undefined;
    if (cgroup.id === "/") return this.#watchMachine();
    const id = engineIdOf(cgroup.id);
    if (id === undefined) return undefined;
    const task = new ContainerTask(cgroup, id, this.#views, this.#volumes);
    this.schedule.add(task);
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    return {
      get latest() {
        return task.latest;
      },
      stir: () => task.stir(),
      close: () => {
        this.schedule.remove(task);
        task.close();
      },
    };
  }

  /** Ends it; work under way is left to end by itself. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#machine.close();
  }

  /** Measures all that is due, one after the other; never throws. */
  async work(): Promise<void> {
    await this.#workOff(Number.POSITIVE_INFINITY);
  }

  #watchMachine(): Watch {
    const machine = this.#machine;
    machine.open();
    return {
      get latest() {
        return machine.latest;
      },
      stir: () => {},
      close: () => machine.close(),
    };
  }

  #look(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    void this.work().finally(() => (this.#isWorking = false));
  }

  /** @param most trees of more entries have to wait */
  async #workOff(most: number): Promise<void> {
    const smallOnly = Number.isFinite(most);
    for (;;) {
      const task = this.#isClosed ? undefined : this.schedule.next(smallOnly);
      if (task === undefined) return;
      await this.#do(task, most);
    }
  }

  async #do(task: Task, most: number): Promise<void> {
    const startedAt = this.#clock.monotonic();
    try {
      const entries = await task.measure(this.#walkTo(most));
      this.schedule.done(task, startedAt, entries);
    } catch (error) {
      if (error instanceof TooMuch) return this.schedule.postpone(task);
      task.forget();
      this.#fail(reasonOf(error));
      this.schedule.failed(task);
    }
  }

  #fail(reason: FailureReason): void {
    this.cost.failures.set(reason, (this.cost.failures.get(reason) ?? 0) + 1);
  }

  /** Walks that stop above so many entries together. */
  #walkTo(most: number): WalkTree {
    let left = most;
    return async (place, path) => {
      const walked = await this.#walk(place, path, left);
      left -= walked.entries;
      return walked;
    };
  }

  async #walk(place: string, path: string, most: number): ReturnType<WalkTree> {
    const startedAt = this.#clock.monotonic();
    let held = 0;
    const pause = async (tally: Tally, entries: number): Promise<void> => {
      const from = this.#clock.monotonic();
      this.cost.entries += entries;
      if (this.#isClosed) throw new MeasureError("gone", "the program ends");
      if (tally.entries > most) throw new TooMuch();
      await this.#pace.pay(entries);
      // What is small need not wait for the end of what is great.
      if (!Number.isFinite(most)) await this.#workOff(SMALL);
      held += this.#clock.monotonic() - from;
    };
    try {
      return await this.#patience.wait(place, async (patient) => {
        const tally = await walk(path, patient, pause);
        return { ...tally, limit: (await readCapacity(path)).limit };
      });
    } finally {
      this.cost.walks++;
      this.cost.walkSeconds += (this.#clock.monotonic() - startedAt - held) / 1000;
    }
  }
}
