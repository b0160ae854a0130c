import type { Container } from "../../wire/container.ts";
import { type CgroupOf, EngineHints, type EngineWord } from "./engine-hints.ts";
import { KillReader } from "./kill-reader.ts";
import type { Kmsg } from "./kmsg.ts";
import { type LedgerParts, OomLedger } from "./ledger.ts";

/** For so long after messages were lost the engines' word on kills counts without the kernel's. */
const OVERRUN_MS = 30_000;

/** Follows the sampler's passes with the kernel's messages, and keeps the ledger of kills. */
export class OomWatch {
  readonly ledger: OomLedger;
  readonly kmsg: Kmsg;
  readonly #hints: EngineHints;
  readonly #reader: KillReader;
  /** Of the kernel's messages, and when there was the last new one (Unix milliseconds). */
  #overruns: number;
  #overrunAt = Number.NEGATIVE_INFINITY;

  constructor(kmsg: Kmsg, parts: LedgerParts, cgroupOf: CgroupOf) {
    this.kmsg = kmsg;
    this.ledger = new OomLedger(parts);
    this.#hints = new EngineHints(this.ledger, cgroupOf);
    this.#overruns = kmsg.overruns;
    this.#reader = new KillReader((cgroup) => this.ledger.has(cgroup));
  }

  /** Before the cgroups are looked for and read. `time` is Unix milliseconds. */
  beginPass(time: number): void {
    this.#drain(time);
  }

  /** A cgroup has gone, which was this container's. */
  gone(cgroup: string, container: Container, time: number): void {
    this.ledger.gone(cgroup, container, time);
  }

  /** An engine tells of a container. */
  hear(word: EngineWord): void {
    this.#hints.hear(word);
  }

  /** Kills that the kernel has reported and that could not be put down to any cgroup. */
  get unexplained(): number {
    return this.#hints.unexplained;
  }

  /** Cgroups have been read: all, or only those that are new. */
  endPass(time: number, isWhole: boolean): void {
    // Once more: the less time between a file and the messages, the less is to be guessed.
    this.#drain(time);
    if (!isWhole) return;
    this.#hints.explained(this.ledger.settle(time));
    this.#hints.settle(time, this.kmsg.unreadable === undefined && !this.#isOverrun(time));
  }

  /** Whether messages were lost lately, as they came faster than they were read: a hundred kills in a second do that. */
  #isOverrun(time: number): boolean {
    const { overruns } = this.kmsg;
    if (overruns !== this.#overruns) [this.#overruns, this.#overrunAt] = [overruns, time];
    return Math.abs(time - this.#overrunAt) < OVERRUN_MS;
  }

  close(): void {
    this.kmsg.close();
  }

  #drain(time: number): void {
    const isComplete = this.kmsg.drain((bytes, length) => {
      const kill = this.#reader.take(bytes, length);
      if (kill === undefined) return;
      const { place, ...victim } = kill;
      if (place === undefined) this.#hints.killedSomewhere(time);
      else this.ledger.named(victim, place, time);
    });
    if (isComplete || this.kmsg.unreadable !== undefined) this.ledger.drained();
  }
}
