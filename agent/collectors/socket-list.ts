import { read } from "node:fs";
import { join } from "node:path";

import { encodeLabels } from "../../wire/exposition/encode.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { type KernelFile, type KernelFiles, reasonOf } from "../cgroup/kernel-files.ts";
import type { Host, Probe } from "./collector.ts";
import { claimNetwork } from "./own-network.ts";
import type { Turns } from "./turns.ts";

/**
 * The kernel hands out a page (4096 bytes or more) at a time and fills it as long as a whole line
 * has room: a piece much shorter than that is the last. Asking whether there is more would let it
 * search its table again.
 */
const SHORT_PIECE = 4096 - 512;

const PIECE = 64 * 1024;

const NEWLINE = 10;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;
const UPPER_A = 65;
const UPPER_F = 70;

/** The number in hexadecimal digits in `bytes[from, to)`; NaN if there is another character or none. */
export function parseHex(bytes: Uint8Array, from: number, to: number): number {
  if (from >= to) return Number.NaN;
  let value = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= ZERO && byte <= NINE) value = value * 16 + byte - ZERO;
    else if (byte >= UPPER_A && byte <= UPPER_F) value = value * 16 + byte - UPPER_A + 10;
    else return Number.NaN;
  }
  return value;
}

/** Where the word of such a number (from 0) begins in a line; its end if the line has fewer. */
export function wordAt(bytes: Uint8Array, from: number, end: number, word: number): number {
  let at = from;
  while (at < end && bytes[at] === SPACE) at++;
  for (let passed = 0; passed < word; passed++) {
    while (at < end && bytes[at] !== SPACE) at++;
    while (at < end && bytes[at] === SPACE) at++;
  }
  return at;
}

/** Adds one line of a list to the counts; a line that is not understood adds nothing. */
export type AddLine = (bytes: Uint8Array, from: number, end: number, counts: Float64Array) => void;

/** Adds all whole lines; returns how many bytes they are. */
export function addLines(
  bytes: Uint8Array,
  length: number,
  counts: Float64Array,
  add: AddLine,
): number {
  let from = 0;
  for (;;) {
    const end = bytes.indexOf(NEWLINE, from);
    if (end === -1 || end >= length) return from;
    add(bytes, from, end, counts);
    from = end + 1;
  }
}

function readPiece(file: KernelFile, bytes: Uint8Array, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(file.descriptor, bytes, 0, bytes.length, from, (error, length) => {
      if (error === null) resolve(length);
      else reject(error);
    });
  });
}

/**
 * One list of sockets. The kernel searches the whole machine's table for the sockets of one
 * namespace, 20 ms where there are 100 000 of them: so it is read beside the event loop.
 */
class SocketList {
  /** As of the last time that it was read to its end; NaN before, and when it can't be read. */
  readonly counts: Float64Array;
  readonly #file: KernelFile;
  readonly #add: AddLine;
  isClosed = false;

  constructor(file: KernelFile, width: number, add: AddLine) {
    this.#file = file;
    this.#add = add;
    this.counts = new Float64Array(width).fill(Number.NaN);
  }

  /** Reads it to its end; never throws. */
  async read(files: KernelFiles, buffer: Uint8Array): Promise<void> {
    const counts = new Float64Array(this.counts.length);
    try {
      for (let place = 0; !this.isClosed;) {
        files.reads++;
        const length = await readPiece(this.#file, buffer, place);
        const used = addLines(buffer, length, counts, this.#add);
        place += used;
        if (used === 0 || length < SHORT_PIECE) break;
      }
      this.counts.set(counts);
    } catch (error) {
      files.fail(reasonOf(error));
      this.counts.fill(Number.NaN);
    }
  }

  close(files: KernelFiles): void {
    files.release(this.#file);
  }
}

/** One for all lists: they are read one after the other. */
const buffers = new WeakMap<Turns, Uint8Array>();

function bufferOf(turns: Turns): Uint8Array {
  let buffer = buffers.get(turns);
  if (buffer === undefined) buffers.set(turns, (buffer = new Uint8Array(PIECE)));
  return buffer;
}

/** How a protocol's lists are read. */
export interface SocketFormat {
  /** Names in `/proc/<pid>/net`, in the order of the series; not there where the protocol is off. */
  readonly lists: readonly string[];
  /** The label that tells the counts apart, and its values in their order. */
  readonly label: string;
  readonly states: readonly string[];
  readonly add: AddLine;
  readonly turns: Turns;
}

/** The counts of the sockets in a cgroup's own network namespace: those of the reading before this sample. */
export function openSocketLists(
  cgroup: Cgroup,
  host: Host,
  { lists, label, states, add, turns }: SocketFormat,
): Probe | undefined {
  const { files } = host;
  const own = claimNetwork(cgroup, host);
  if (own === undefined) return undefined;
  const kept = lists.map((name) => {
    const file = files.keep(join(own.directory, name), true, true);
    return file === undefined ? undefined : new SocketList(file, states.length, add);
  });
  if (kept.every((list) => list === undefined)) {
    own.yield();
    return undefined;
  }
  const series = new Map(
    states.map((state) => [
      encodeLabels({ [label]: state }),
      new Float64Array(kept.length).fill(Number.NaN),
    ]),
  );
  const show = (): void => {
    let state = 0;
    for (const values of series.values()) {
      for (const [place, list] of kept.entries()) values[place] = list?.counts[state] ?? Number.NaN;
      state++;
    }
  };
  const turn = turns.join();
  const readAll = async (): Promise<void> => {
    for (const list of kept) await list?.read(files, bufferOf(turns));
  };
  return {
    series,
    read() {
      show();
      turn.take(readAll);
    },
    close() {
      for (const list of kept) if (list !== undefined) list.isClosed = true;
      // What is being read now must not be closed: its number would be another file's at once.
      turn.leave(() => {
        for (const list of kept) list?.close(files);
        own.yield();
      });
    },
  };
}
