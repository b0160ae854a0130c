import { closeSync, openSync, readSync } from "node:fs";

import { type KeyedFile, parseNumber, type Text } from "./parse.ts";

/** Why a file could not be read or understood; a label of `plimsoll_agent_failures_total`. */
export type FailureReason = "gone" | "denied" | "limit" | "malformed" | "too_large" | "other";

const REASONS: Readonly<Record<string, FailureReason>> = {
  ENOENT: "gone",
  ENODEV: "gone",
  ESRCH: "gone",
  EACCES: "denied",
  EPERM: "denied",
  EMFILE: "limit",
  ENFILE: "limit",
};

/** A file that could not be had when it was asked for last. */
export interface Refusal {
  readonly path: string;
  readonly reason: FailureReason;
}

/** Refusals are kept by the file's name, of which there are a few dozen: so many bound what a strange host may add. */
const MOST_REFUSALS = 256;

const FIRST_SIZE = 64 * 1024;
const LARGEST_SIZE = 4 * 1024 * 1024;

/** A kernel file that is kept open: reading it again costs one system call. */
export interface KernelFile {
  readonly path: string;
  /** -1 = not open. */
  descriptor: number;
  /** Opened for each read, as there are too few descriptors to keep it. */
  readonly isReopened: boolean;
  /** The kernel hands it out in pieces (lists of processes, of devices): read until nothing comes. */
  readonly list: boolean;
}

/** What kind of failure an error of the file system is. */
export function reasonOf(error: unknown): FailureReason {
  if (!(error instanceof Error) || !("code" in error)) return "other";
  return REASONS[String(error.code)] ?? "other";
}

/**
 * Opens and reads kernel files into one buffer that all share, and counts what goes wrong. Nothing
 * here throws: what can't be read is absent.
 */
export class KernelFiles {
  /** How often each kind of failure has happened. A missing file is no failure when it is opened. */
  readonly failures: Map<FailureReason, number> = new Map();
  /** The last refusal of each file, by its name without the directory: why a number is missing. */
  readonly refusals: Map<string, Refusal> = new Map();
  /** Files open now. */
  open = 0;
  /** Reads done since the start. */
  reads = 0;
  readonly #most: number;
  readonly #onScarce: () => void;
  #isScarce = false;
  #bytes: Uint8Array = new Uint8Array(FIRST_SIZE);
  #length = 0;

  /** Keeps `most` files open; calls back once when that is too few. */
  constructor(most: number = Number.POSITIVE_INFINITY, onScarce: () => void = () => {}) {
    this.#most = most;
    this.#onScarce = onScarce;
  }

  /** What was read last. */
  get text(): Text {
    return { bytes: this.#bytes, length: this.#length };
  }

  /**
   * Opens a file and keeps it open, as long as descriptors last; undefined where it is not there or
   * not allowed. `mustKeep` is for a path that may come to mean another file.
   */
  keep(path: string, list = false, mustKeep = false): KernelFile | undefined {
    try {
      const descriptor = openSync(path, "r");
      if (this.open < this.#most || mustKeep) {
        this.open++;
        return { path, descriptor, isReopened: false, list };
      }
      closeSync(descriptor);
      this.#becomeScarce();
      return { path, descriptor: -1, isReopened: true, list };
    } catch (error) {
      // Not there: the controller is off, or the cgroup has just gone. Neither is a failure.
      const reason = reasonOf(error);
      this.#refuse(path, reason);
      if (reason !== "gone") this.fail(reason);
      return undefined;
    }
  }

  /** Whether there is room for so many descriptors that others open, which then count as open here. */
  reserve(descriptors: number): boolean {
    if (this.open + descriptors > this.#most) return false;
    this.open += descriptors;
    return true;
  }

  /** The opposite of `reserve`. */
  giveBack(descriptors: number): void {
    this.open -= descriptors;
  }

  /** Closes a kept file; nothing happens if that was done already. */
  release(file: KernelFile | undefined): void {
    if (file === undefined || file.descriptor === -1) return;
    closeSync(file.descriptor);
    file.descriptor = -1;
    this.open--;
  }

  /**
   * Reads a kept file; false if it could not be read. It is closed if what it told of is gone; after
   * any other failure it may be read again, as a kernel that is short of memory refuses too.
   * `mayBeGone` is for what may end at any time.
   */
  read(file: KernelFile | undefined, mayBeGone = false): boolean {
    if (file === undefined) return false;
    if (file.isReopened) return this.readOnce(file.path, file.list);
    if (file.descriptor === -1) return false;
    try {
      this.reads++;
      this.#length = this.#readAll(file);
      if (this.#length < this.#bytes.length) return true;
      if (this.#bytes.length >= LARGEST_SIZE) {
        this.fail("too_large");
        return false;
      }
      this.#bytes = new Uint8Array(this.#bytes.length * 2);
      return this.read(file, mayBeGone);
    } catch (error) {
      const reason = reasonOf(error);
      this.#refuse(file.path, reason);
      if (reason !== "gone" || !mayBeGone) this.fail(reason);
      if (reason === "gone") this.release(file);
      return false;
    }
  }

  /** Reads a file once, without keeping it open. */
  readOnce(path: string, list = false): boolean {
    const file = this.keep(path, list, true);
    const done = this.read(file);
    this.release(file);
    return done;
  }

  /** Reads a file of a process once. That a process has ended is no failure, and says nothing of its cgroup. */
  readOfProcess(path: string): boolean {
    const file = this.keep(path, false, true);
    const done = this.read(file, true);
    this.release(file);
    return done;
  }

  /** Reads a file of one number; NaN = absent. */
  number(file: KernelFile | undefined): number {
    if (!this.read(file)) return Number.NaN;
    const value = parseNumber(this.text);
    if (Number.isNaN(value)) this.fail("malformed");
    return value;
  }

  /** Reads a file of `key value` lines; undefined = absent. The values are used again by the next call. */
  keyed(file: KernelFile | undefined, format: KeyedFile): Float64Array | undefined {
    if (!this.read(file)) return undefined;
    const values = format.parse(this.text);
    if (values.every(Number.isNaN)) {
      this.fail("malformed");
      return undefined;
    }
    return values;
  }

  /** Counts a failure. */
  fail(reason: FailureReason): void {
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }

  #refuse(path: string, reason: FailureReason): void {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (this.refusals.size >= MOST_REFUSALS && !this.refusals.has(name)) return;
    this.refusals.set(name, { path, reason });
  }

  #becomeScarce(): void {
    if (!this.#isScarce) this.#onScarce();
    this.#isScarce = true;
  }

  #readAll({ descriptor, list }: KernelFile): number {
    let length = readSync(descriptor, this.#bytes, 0, this.#bytes.length, 0);
    if (!list) return length;
    for (let more = length; more > 0 && length < this.#bytes.length; length += more) {
      more = readSync(descriptor, this.#bytes, length, this.#bytes.length - length, length);
    }
    return length;
  }
}
