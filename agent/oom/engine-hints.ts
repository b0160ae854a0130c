import type { OomLedger } from "./ledger.ts";

/** Passes over all cgroups after which the kernel's own sources have told what they know. */
const PASSES = 2;

/** A kill without a name and what an engine tells of it come at nearly the same time. */
const KEPT_MS = 30_000;

const MOST = 10_000;

/** What a process that was killed exits with. */
const KILLED = 128 + 9;

/** The cgroup that a container has or had, by its engine's id. */
export type CgroupOf = (engineId: string) => string | undefined;

/** What an engine has told of a container. */
export interface EngineWord {
  /** The engine's id of the container. */
  readonly id: string;
  readonly action: string;
  readonly exitCode?: number;
}

interface Hint {
  readonly engineId: string;
  /** The engine itself says that memory ran out; otherwise only that somebody killed the container. */
  readonly isCertain: boolean;
  readonly life: number;
  readonly began: number;
  readonly pass: number;
}

/**
 * Kills that the kernel has reported without saying where, and containers of which their engine says
 * that they ran out of memory, or were killed though nobody had asked it for that. Where such a
 * container has gone with its files, and none of its kills is known, one of the former is its. So no
 * more are counted than the kernel has killed.
 */
export class EngineHints {
  /** Kills that the kernel has reported and that nothing explains. */
  unexplained = 0;
  readonly #ledger: OomLedger;
  readonly #cgroupOf: CgroupOf;
  /** Containers that somebody is ending through their engine. */
  readonly #signalled: Set<string> = new Set();
  /** When each unnamed kill was noticed. */
  readonly #unnamed: number[] = [];
  #hints: Hint[] = [];
  #pass = 0;

  constructor(ledger: OomLedger, cgroupOf: CgroupOf) {
    this.#ledger = ledger;
    this.#cgroupOf = cgroupOf;
  }

  /** The kernel has killed, but has not said where. */
  killedSomewhere(time: number): void {
    if (this.#unnamed.length < MOST) this.#unnamed.push(time);
    else this.unexplained++;
  }

  /** The file of a cgroup has told where the kernel killed so often. */
  explained(kills: number): void {
    this.#unnamed.splice(0, kills);
  }

  /** An engine tells of a container. */
  hear({ id, action, exitCode }: EngineWord): void {
    if (action === "kill" && this.#signalled.size < MOST) this.#signalled.add(id);
    if (action === "oom") this.#add(id, true);
    if (action !== "die") return;
    if (!this.#signalled.delete(id) && exitCode === KILLED) this.#add(id, false);
  }

  /** A pass over all cgroups is complete. `areAllReported`: no kill happens without a message of the kernel's. */
  settle(time: number, areAllReported: boolean): void {
    this.#pass++;
    if (this.#hints.length > 0) {
      this.#hints = this.#hints.filter((hint) => this.#isOpen(hint, time, areAllReported));
    }
    while ((this.#unnamed[0] ?? time) < time - KEPT_MS) {
      this.#unnamed.shift();
      this.unexplained++;
    }
  }

  #add(engineId: string, isCertain: boolean): void {
    if (this.#hints.length >= MOST) return;
    const { number, began } = this.#ledger.life(this.#pathOf(engineId));
    this.#hints.push({ engineId, isCertain, life: number, began, pass: this.#pass });
  }

  /** The engine's id stands for the path of a cgroup that nobody has seen. */
  #pathOf(engineId: string): string {
    return this.#ledger.cgroupOf(engineId) ?? this.#cgroupOf(engineId) ?? engineId;
  }

  #isOpen(hint: Hint, time: number, areAllReported: boolean): boolean {
    const { engineId, isCertain, life, began, pass } = hint;
    if (this.#pass - pass < PASSES) return true;
    const cgroup = this.#pathOf(engineId);
    const now = this.#ledger.life(cgroup);
    // Its kills are known, or its file is there and will tell.
    if (now.now > began) return false;
    if (this.#ledger.isLive(cgroup) && now.number === life && life > 0) return false;
    const isReported = this.#unnamed.shift() !== undefined;
    const isBelieved = isReported || (isCertain && !areAllReported);
    if (isBelieved) this.#ledger.credit(cgroup, time);
    return false;
  }
}
