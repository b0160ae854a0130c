import { type Dir, opendirSync, readlinkSync } from "node:fs";
import { join } from "node:path";

import { reasonOf } from "../cgroup/kernel-files.ts";
import { parseList } from "../cgroup/parse.ts";
import type { Host } from "./collector.ts";

/**
 * Descriptors and processes that are looked at of one cgroup in one sample, at some 3 µs each; the
 * others follow in the next samples, and the numbers are shown when all have been counted.
 */
const MOST_LOOKS = 300;

/** Descriptors that one system call lists. */
const LISTED_AT_ONCE = 128;

/** What a process holds open. */
interface Held {
  descriptors: number;
  sockets: number;
}

interface Process {
  readonly path: string;
  readonly directory: Dir;
  readonly held: Held;
}

/** Counts what the processes of one cgroup hold open, in rounds: each process once in a round. */
export class OpenDescriptors {
  /** As of the last whole round; NaN if a process could not be looked into. */
  descriptors: number = Number.NaN;
  sockets: number = Number.NaN;
  /** The first process in the list. */
  first: number | undefined;
  readonly #host: Host;
  readonly #list: string;
  #isDue = false;
  #isRunning = false;
  #waiting: number[] = [];
  #sum: Held = { descriptors: 0, sockets: 0 };
  #process: Process | undefined;

  constructor(host: Host, list: string) {
    this.#host = host;
    this.#list = list;
  }

  /**
   * Counts on, or begins a new round. What is still when a round ends may not have been when it
   * began: then there is another.
   */
  read(isStill: boolean): void {
    if (!isStill) this.#isDue = true;
    if (!this.#isRunning && !(this.#isDue && this.#begin())) return;
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      if (this.#process !== undefined) this.#look(this.#process);
      else if (this.#waiting.length > 0) this.#openNext();
      else return this.#end();
    }
  }

  close(): void {
    this.#process?.directory.closeSync();
    this.#process = undefined;
  }

  #begin(): boolean {
    const { files } = this.#host;
    this.#isDue = false;
    // Not kept open: v1 shows through an open file, for a second after each read, the old list.
    if (!files.readOnce(this.#list, true)) return false;
    this.#waiting = parseList(files.text).toReversed();
    this.first = this.#waiting.at(-1);
    this.#sum = { descriptors: 0, sockets: 0 };
    this.#isRunning = true;
    return true;
  }

  #end(): void {
    this.descriptors = this.#sum.descriptors;
    this.sockets = this.#sum.sockets;
    this.#isRunning = false;
  }

  #openNext(): void {
    const pid = this.#waiting.pop() ?? 0;
    // 0 is a process that our own view of processes does not hold: no sum is right without it.
    if (!(pid > 0)) return this.#giveUp();
    const path = join(this.#host.procRoot, String(pid), "fd");
    try {
      const directory = opendirSync(path, { bufferSize: LISTED_AT_ONCE });
      this.#process = { path, directory, held: { descriptors: 0, sockets: 0 } };
    } catch (error) {
      this.#lose(error);
    }
  }

  #look({ path, directory, held }: Process): void {
    try {
      const entry = directory.readSync();
      if (entry === null) {
        this.close();
        this.#sum.descriptors += held.descriptors;
        this.#sum.sockets += held.sockets;
      } else {
        this.#count(join(path, entry.name), held);
      }
    } catch (error) {
      this.close();
      this.#lose(error);
    }
  }

  #count(path: string, held: Held): void {
    try {
      if (readlinkSync(path).startsWith("socket:")) held.sockets++;
      held.descriptors++;
    } catch (error) {
      // Closed since it was listed.
      if (reasonOf(error) !== "gone") throw error;
    }
  }

  /** A process that has ended holds nothing; without one that is closed to us the sum is not known. */
  #lose(error: unknown): void {
    const reason = reasonOf(error);
    if (reason === "gone") return;
    this.#host.files.fail(reason);
    this.#giveUp();
  }

  #giveUp(): void {
    this.#waiting = [];
    this.#sum = { descriptors: Number.NaN, sockets: Number.NaN };
  }
}
