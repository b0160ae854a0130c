import { pointsOf } from "./due.ts";
import type { QueueRecord } from "./record.ts";

/** The records of a delivery that are not on disk; the last of them makes it whole. */
export type Group = readonly QueueRecord[];

/** Deliveries in memory, the oldest first; when there are too many bytes the oldest go. */
export class MemoryQueue {
  readonly #maxBytes: number;
  #groups: Group[] = [];
  bytes = 0;
  points = 0;
  /** Points that were let go. */
  dropped = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#groups.length === 0;
  }

  /** Unix milliseconds at which the oldest was taken. */
  get oldest(): number | undefined {
    return this.#groups[0]?.[0]?.time;
  }

  push(group: Group): void {
    this.#add(group);
    this.#groups.push(group);
    this.#makeRoom();
  }

  /** Puts back what was taken out and did not get anywhere. */
  putBack(groups: readonly Group[]): void {
    for (const group of groups) this.#add(group);
    this.#groups.unshift(...groups);
    this.#makeRoom();
  }

  /** Takes out whole deliveries of about so many bytes, at least one. */
  takeGroups(mostBytes: number): Group[] {
    let bytes = 0;
    let count = 0;
    for (const group of this.#groups) {
      if (count > 0 && bytes + bytesOf(group) > mostBytes) break;
      bytes += bytesOf(group);
      count++;
    }
    const taken = this.#groups.splice(0, count);
    for (const group of taken) this.#remove(group);
    return taken;
  }

  /** Takes out records with bodies, of at most so many bytes unless the first alone has more. */
  takeRecords(mostBytes: number, most: number): QueueRecord[] {
    const records: QueueRecord[] = [];
    let bytes = 0;
    for (;;) {
      const [group] = this.#groups;
      const [first] = group ?? [];
      if (group === undefined || first === undefined) return records;
      bytes += first.body.length;
      if (records.length > 0 && (bytes > mostBytes || records.length >= most)) return records;
      this.#remove([first]);
      if (first.body.length > 0) records.push(first);
      if (group.length === 1) this.#groups.shift();
      else this.#groups[0] = group.slice(1);
    }
  }

  /** Lets go of what was taken before a time (Unix milliseconds). */
  forgetBefore(time: number): void {
    while (this.oldest !== undefined && this.oldest < time) this.#drop();
  }

  #makeRoom(): void {
    while (this.bytes > this.#maxBytes && this.#groups.length > 1) this.#drop();
  }

  #drop(): void {
    const group = this.#groups.shift();
    if (group === undefined) return;
    this.#remove(group);
    this.dropped += pointsOf(group);
  }

  #add(group: Group): void {
    this.bytes += bytesOf(group);
    this.points += pointsOf(group);
  }

  #remove(group: Group): void {
    this.bytes -= bytesOf(group);
    this.points -= pointsOf(group);
  }
}

function bytesOf(group: Group): number {
  return group.reduce((sum, { body, mark }) => sum + body.length + mark.length, 0);
}
