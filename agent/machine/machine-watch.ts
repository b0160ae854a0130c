import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { type Machine, readMachine, UNKNOWN_MACHINE } from "./machine.ts";
import type { NameFiles } from "./names.ts";

/** Knows the machine, and reads it again from time to time: memory and CPUs may come and go. */
export class MachineWatch {
  /** What was read last. */
  current: Machine = UNKNOWN_MACHINE;
  readonly #files: NameFiles;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;

  constructor(files: NameFiles, clock: Clock, logger: Logger) {
    this.#files = files;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Reads it, then goes on by itself. */
  async start(intervalSeconds: number): Promise<void> {
    await this.read();
    this.#plan(intervalSeconds * 1000);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Reads it now; what was known stays if that fails. */
  async read(): Promise<void> {
    const machine = await readMachine(this.#files, this.#clock.now());
    this.current =
      machine.isStale && !Number.isNaN(this.current.readAt)
        ? { ...this.current, isStale: true }
        : machine;
    if (machine.isStale && !this.#isFailing) {
      const { procRoot, sysRoot } = this.#files;
      this.#logger.warn({ procRoot, sysRoot }, "cannot read what the machine is");
    }
    this.#isFailing = machine.isStale;
  }

  #plan(intervalMs: number): void {
    this.#timer = setTimeout(() => void this.#onTime(intervalMs), intervalMs);
  }

  async #onTime(intervalMs: number): Promise<void> {
    await this.read();
    if (this.#timer !== undefined) this.#plan(intervalMs);
  }
}
