import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

import { codeOf, messageOf } from "../../lib/errors.ts";

/** `/dev/kmsg` is the character device 1:11 everywhere; a container's may be something else by that name. */
const KMSG_DEVICE = (1 << 8) | 11;

/** No record is longer. https://docs.kernel.org/admin-guide/abi-testing.html (dev-kmsg) */
const LONGEST_RECORD = 8192;

/** Records read at once: each takes 2 µs. */
const MOST_AT_ONCE = 4000;

/** More than any kernel keeps. */
const MOST_AT_START = 500_000;

/** Reads one record into the bytes and returns its length; throws as `readSync` does. */
export type ReadRecord = (bytes: Uint8Array) => number;

/** Takes one record, which is overwritten by the next. */
export type TakeRecord = (bytes: Uint8Array, length: number) => void;

/** The kernel's messages, read without waiting for them; each once, and only those that are new. */
export class Kmsg {
  /** Why they can't be read; undefined while they can. */
  unreadable: string | undefined;
  /** Records read since the start. */
  records = 0;
  /** How often the kernel had overwritten records before they were read. */
  overruns = 0;
  readonly #bytes: Buffer = Buffer.allocUnsafe(LONGEST_RECORD);
  readonly #close: () => void;
  #read: ReadRecord;

  /** What has been said before is passed over: no clock is asked, so none can be wrong. */
  constructor(read: ReadRecord, close: () => void = () => {}) {
    this.#read = read;
    this.#close = close;
    this.#readUntilEmpty(() => {}, MOST_AT_START);
    this.records = this.overruns = 0;
  }

  /** Hands out what is new; false if there is more than can be read at once, or nothing can be read. */
  drain(take: TakeRecord): boolean {
    return this.#readUntilEmpty(take, MOST_AT_ONCE);
  }

  close(): void {
    if (this.unreadable === undefined) this.#giveUp("closed");
  }

  #giveUp(reason: string): void {
    this.unreadable = reason;
    this.#close();
  }

  #readUntilEmpty(take: TakeRecord, most: number): boolean {
    if (this.unreadable !== undefined) return false;
    for (let count = 0; count < most; count++) {
      try {
        const length = this.#read(this.#bytes);
        if (length === 0) return true;
        this.records++;
        take(this.#bytes, length);
      } catch (error) {
        const code = codeOf(error);
        if (code === "EAGAIN") return true;
        // Older records are gone; the next read goes on with the oldest that is there.
        if (code === "EPIPE") this.overruns++;
        else if (code !== "EINTR") {
          this.#giveUp(code?.toLowerCase() ?? messageOf(error));
          return false;
        }
      }
    }
    return false;
  }
}

/** Opens the kernel's messages; `unreadable` says why not where that is not allowed. */
export function openKmsg(path: string): Kmsg {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { rdev } = fstatSync(descriptor);
    const close = (): void => closeSync(descriptor);
    if (rdev === KMSG_DEVICE) {
      return new Kmsg((bytes) => readSync(descriptor, bytes, 0, bytes.length, null), close);
    }
    close();
    return unreadableKmsg("other_device");
  } catch (error) {
    return unreadableKmsg(codeOf(error)?.toLowerCase() ?? "other");
  }
}

/** Stands in where there are no messages to read. */
export function unreadableKmsg(reason: string): Kmsg {
  const kmsg = new Kmsg(() => 0);
  kmsg.unreadable = reason;
  return kmsg;
}
