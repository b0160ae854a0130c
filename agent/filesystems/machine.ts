import type { EngineViews } from "./engine-view.ts";
import { reasonOf, type FailureReason } from "./failure.ts";
import { measurePartition, type Partition, partitionsOf } from "./partitions.ts";
import { Patience } from "./patience.ts";
import type { MachineFilesystem, Measured } from "./usage.ts";

const EVERY_MS = 10_000;

/** Servers are asked every so many times. */
const NETWORK_EVERY = 6;

const ANSWER_MS = 5000;

/** Measures the machine's own filesystems: one question to the kernel for each, no walk. */
export class MachineFilesystems {
  /** As of the last round. */
  filesystems: readonly MachineFilesystem[] = [];
  readonly #views: EngineViews;
  readonly #fail: (reason: FailureReason) => void;
  readonly #patience: Patience = new Patience(ANSWER_MS);
  readonly #known: Map<string, MachineFilesystem> = new Map();
  #latest: Measured | undefined;
  #rounds = 0;
  #timer: NodeJS.Timeout | undefined;
  #isMeasuring = false;

  constructor(views: EngineViews, fail: (reason: FailureReason) => void) {
    this.#views = views;
    this.#fail = fail;
  }

  get latest(): Measured | undefined {
    return this.#latest;
  }

  /** Measures now and then again and again. */
  open(): void {
    const next = (): void => {
      if (this.#isMeasuring) return;
      this.#isMeasuring = true;
      void this.measure().finally(() => (this.#isMeasuring = false));
    };
    next();
    this.#timer ??= setInterval(next, EVERY_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#latest = undefined;
  }

  /** One round; never throws. What does not answer is absent until it does. */
  async measure(): Promise<void> {
    try {
      const { mounts, prefix } = this.#views.machine();
      const partitions = partitionsOf(mounts);
      const near = partitions.filter(({ ground }) => ground !== "network");
      const far = partitions.filter(({ ground }) => ground === "network");
      await this.#ask(near, prefix);
      this.#publish(partitions);
      if (this.#rounds++ % NETWORK_EVERY > 0 || far.length === 0) return;
      await this.#ask(far, prefix);
      this.#publish(partitions);
    } catch (error) {
      this.#fail(reasonOf(error));
      this.#latest = undefined;
      this.filesystems = [];
    }
  }

  async #ask(partitions: readonly Partition[], prefix: string): Promise<void> {
    for (const partition of partitions) {
      try {
        const usage = await this.#patience.wait(partition.label, () =>
          measurePartition(partition, prefix),
        );
        this.#known.set(partition.label, usage);
      } catch (error) {
        this.#fail(reasonOf(error));
        this.#known.delete(partition.label);
      }
    }
  }

  #publish(partitions: readonly Partition[]): void {
    const filesystems: MachineFilesystem[] = [];
    let usage = 0;
    for (const { label, ground } of partitions) {
      const known = this.#known.get(label);
      if (known === undefined) continue;
      filesystems.push(known);
      if (ground === "disk") usage += known.usage;
    }
    const labels = new Set(partitions.map(({ label }) => label));
    for (const label of this.#known.keys()) if (!labels.has(label)) this.#known.delete(label);
    this.#latest = { usage, filesystems, volumes: [] };
    this.filesystems = filesystems;
  }
}
