import type { Schedule, Task, WalkTree } from "./schedule.ts";
import type { VolumeUsage } from "./usage.ts";

/** A named volume as a container has it. */
export interface VolumeAt {
  readonly volume: string;
  readonly device: string;
  /** What may be stuck: its filesystem. */
  readonly place: string;
  /** Where it can be read. */
  readonly path: string;
}

/** Told when there is a new result of one of its volumes. */
export interface VolumeUser {
  volumesChanged(): void;
}

/** One volume, however many containers have it. */
export class VolumeTask implements Task {
  dueAt = 0;
  measuredAt: number = Number.NaN;
  entries = 0;
  failures = 0;
  isStirred = true;
  /** The newest result. */
  usage: VolumeUsage | undefined;
  readonly users: Set<VolumeUser> = new Set();
  readonly #at: VolumeAt;

  constructor(at: VolumeAt) {
    this.#at = at;
  }

  async measure(walkTree: WalkTree): Promise<number> {
    const { volume, device, place, path } = this.#at;
    const { bytes, entries } = await walkTree(place, path);
    this.#set({ volume, device, usage: Math.round(bytes) });
    return entries;
  }

  forget(): void {
    this.#set(undefined);
  }

  #set(usage: VolumeUsage | undefined): void {
    this.usage = usage;
    for (const user of this.users) user.volumesChanged();
  }
}

/** The volumes that containers have, each measured once. */
export class Volumes {
  readonly #schedule: Schedule;
  readonly #byPath: Map<string, VolumeTask> = new Map();

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** Makes these the volumes of a container; those that nobody has any more are let go. */
  hold(user: VolumeUser, wanted: readonly VolumeAt[]): VolumeTask[] {
    const held = wanted.map((at) => this.#take(at));
    for (const task of held) task.users.add(user);
    for (const [path, task] of this.#byPath) {
      if (!held.includes(task)) task.users.delete(user);
      if (task.users.size > 0) continue;
      this.#byPath.delete(path);
      this.#schedule.remove(task);
    }
    return held;
  }

  #take(at: VolumeAt): VolumeTask {
    let task = this.#byPath.get(at.path);
    if (task === undefined) {
      this.#byPath.set(at.path, (task = new VolumeTask(at)));
      this.#schedule.add(task);
    }
    return task;
  }
}
