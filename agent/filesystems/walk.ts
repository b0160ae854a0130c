import type { Dir } from "node:fs";
import { lstat, opendir, readdir } from "node:fs/promises";

import { MeasureError, reasonOf } from "./failure.ts";
import { HardLinks, type Status } from "./hard-links.ts";
import type { Patient } from "./patience.ts";

/** Bytes in a block of `st_blocks`, whatever the filesystem. */
const BLOCK = 512;

/** Entries between two looks at the pace. */
const BATCH = 128;

/** Questions asked at once, which makes each of them four times cheaper than one after the other. */
const LANES = 8;

/** A directory of so many bytes has some thousand entries at most: its names are read at once. */
const SMALL_DIRECTORY = 64 * 1024;

/** Directories waiting to be looked into. */
const MOST_PENDING = 200_000;

/** What a tree takes up. */
export interface Tally {
  /** Of disk, so that a sparse file counts what it really has. */
  bytes: number;
  inodes: number;
  /** Looked at, each link by itself: what the walk cost. */
  entries: number;
}

/** Called after so many entries; resolves when the walk may go on, throws if it may not. */
export type Pause = (tally: Tally, entries: number) => Promise<void>;

interface Directory {
  readonly path: string;
  readonly inode: number;
  /** Of the directory itself, in bytes. */
  readonly size: number;
}

/**
 * Adds up a directory and everything below it on the same filesystem. What vanishes meanwhile is
 * passed over; links are not followed.
 * @throws MeasureError and errors of the kernel, if the sum would lack something
 */
export function walk(root: string, patient: Patient, pause: Pause): Promise<Tally> {
  return new Walk(patient, pause).run(root);
}

class Walk {
  readonly #patient: Patient;
  readonly #hold: Pause;
  readonly #tally: Tally = { bytes: 0, inodes: 0, entries: 0 };
  readonly #links: HardLinks = new HardLinks();
  readonly #pending: Directory[] = [];
  #device = 0;
  #unpaid = 0;

  constructor(patient: Patient, pause: Pause) {
    this.#patient = patient;
    this.#hold = pause;
  }

  async run(root: string): Promise<Tally> {
    this.#patient.asking();
    const status = await lstat(root);
    if (!status.isDirectory()) throw new MeasureError("gone", `${root} is no directory`);
    this.#device = status.dev;
    this.#take(root, status);
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      await this.#list(next);
    }
    await this.#pause();
    return this.#tally;
  }

  async #list(directory: Directory): Promise<void> {
    if (directory.size > SMALL_DIRECTORY) return this.#listGreat(directory);
    const [names, isOther] = await Promise.all([
      readdir(directory.path).catch(passOver),
      hasChanged(directory),
    ]);
    if (names === undefined || isOther) return;
    for (let from = 0; from < names.length; from += BATCH) {
      await this.#look(directory.path, names.slice(from, from + BATCH));
    }
  }

  /** A few names at a time: a million of them at once would keep the event loop. */
  async #listGreat(directory: Directory): Promise<void> {
    const stream = await opendir(directory.path, { bufferSize: BATCH }).catch(passOver);
    if (stream === undefined) return;
    try {
      if (await hasChanged(directory)) return;
      for (let names = await some(stream); names.length > 0; names = await some(stream)) {
        await this.#look(directory.path, names);
      }
    } finally {
      await stream.close();
    }
  }

  async #look(path: string, names: string[]): Promise<void> {
    const lane = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        const status = await lstat(`${path}/${name}`).catch(passOver);
        if (status?.dev === this.#device) this.#take(`${path}/${name}`, status);
        else this.#count();
      }
    };
    // All of them end before an error is passed on, so that nothing goes on behind our back.
    const lanes = Array.from({ length: Math.min(LANES, names.length) }, lane);
    const failed = (await Promise.allSettled(lanes)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
    if (this.#unpaid >= BATCH) await this.#pause();
  }

  #take(path: string, status: Status): void {
    this.#count();
    // The links of a directory are its children's.
    const share = status.isDirectory() ? 1 : this.#links.share(status);
    this.#tally.bytes += share * status.blocks * BLOCK;
    this.#tally.inodes += share;
    if (status.isDirectory()) this.#pending.push({ path, inode: status.ino, size: status.size });
  }

  #count(): void {
    this.#tally.entries++;
    this.#unpaid++;
  }

  async #pause(): Promise<void> {
    if (this.#pending.length > MOST_PENDING) {
      throw new MeasureError("too_wide", `more than ${MOST_PENDING} directories to look into`);
    }
    const entries = this.#unpaid;
    this.#unpaid = 0;
    this.#patient.resting();
    await this.#hold(this.#tally, entries);
    if (this.#patient.isGivenUp) throw new MeasureError("timeout", "nobody waits for this walk");
    this.#patient.asking();
  }
}

/** Things go away under a walk; anything else leaves the sum short. */
function passOver(error: unknown): undefined {
  if (reasonOf(error) !== "gone") throw error;
}

/** Whether something else is in a directory's place: a container may put a link there while we look. */
async function hasChanged({ path, inode }: Directory): Promise<boolean> {
  const status = await lstat(path).catch(passOver);
  // The number alone does not tell: it may have been given away again.
  return status?.isDirectory() !== true || status.ino !== inode;
}

async function some(stream: Dir): Promise<string[]> {
  const names: string[] = [];
  while (names.length < BATCH) {
    const entry = await stream.read();
    if (entry === null) break;
    names.push(entry.name);
  }
  return names;
}
