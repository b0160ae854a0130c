import type { Container } from "../../wire/container.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import { Account } from "./account.ts";
import type { Place, Victim } from "./kill-lines.ts";

/** A kill for the lack of memory, as soon as it is known; only some are told with their victim. */
export interface OomKill extends Partial<Victim>, Partial<Place> {
  /** Unix milliseconds at which it was noticed. */
  readonly time: number;
  /** The cgroup whose process was killed. */
  readonly cgroup: string;
}

/** What is known of one cgroup path. */
export interface OomEntry {
  readonly cgroup: string;
  /** Kills in it and below it; never goes back. */
  readonly count: number;
  /** Whether it exists and has a memory controller. */
  readonly isLive: boolean;
  /** Who it was when it went; undefined while it exists, and until somebody knows. */
  container: Container | undefined;
}

/** What the ledger asks for. */
export interface LedgerParts {
  /** Whether the kernel's counter of a cgroup has in it what happened below: in v2, not in v1. */
  readonly isHierarchical: boolean;
  /** Whether a cgroup is to be shown. */
  readonly isShown: (cgroup: string) => boolean;
  /** Whether an engine still knows the container of a cgroup, running or not. */
  readonly isKept: (cgroup: string) => boolean;
}

/** What happened in a cgroup that is gone is shown so long, and longer if its engine still knows it. */
const KEPT_MS = 3_600_000;

/** But no more than so many, the oldest of which go first. */
const MOST_GONE = 10_000;

/** Listeners are told no more kills of one cgroup in one pass; all are counted. */
const MOST_TOLD = 1000;

class Entry implements OomEntry {
  readonly cgroup: string;
  /** What its own file counts: in v2 everything below it too. */
  readonly account: Account = new Account();
  /** Of the cgroups below it, where its own file does not count them. */
  below = 0;
  isLive = false;
  container: Container | undefined;
  goneAt = 0;
  /** The account's count up to which others have been told. */
  passedOn = 0;
  /** Kills in it (in v2: and below it) that listeners have been told. */
  announced = 0;
  /** The account's count at the end of the pass before. */
  settled = 0;
  /** The account's count when the cgroup that is or was there last began. */
  began = 0;
  /** The how manieth cgroup of its path it is. */
  life = 0;

  constructor(cgroup: string) {
    this.cgroup = cgroup;
  }

  get count(): number {
    return this.account.count + this.below;
  }
}

/** Every path above this one, nearest first; the machine's last. */
export function* pathsAbove(cgroup: string): Generator<string> {
  let path = cgroup;
  while (path !== "/") {
    const slash = path.lastIndexOf("/");
    path = slash <= 0 ? "/" : path.slice(0, slash);
    yield path;
  }
}

/**
 * Counts kills for the lack of memory by cgroup path: through the end of the cgroup, and on when
 * another takes its path. A kill counts for all cgroups above its own.
 */
export class OomLedger {
  /** Kills that no message named. */
  unnamed = 0;
  readonly #parts: LedgerParts;
  readonly #entries: Map<string, Entry> = new Map();
  readonly #listeners: Set<(kill: OomKill) => void> = new Set();
  /** Entries whose file has been read since the messages were. */
  readonly #read: Set<Entry> = new Set();
  /** Entries with kills that listeners have not been told. */
  readonly #risen: Set<Entry> = new Set();
  #pass = 0;
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /** Calls back for each kill that happens from now on; the function that is returned ends that. */
  onKill(listener: (kill: OomKill) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Every path that has something to say. */
  *entries(): Generator<OomEntry> {
    for (const entry of this.#entries.values()) {
      if ((entry.isLive || entry.count > 0) && this.#parts.isShown(entry.cgroup)) yield entry;
    }
  }

  /** Kills in a cgroup and below it. */
  count(cgroup: string): number {
    return this.#entries.get(cgroup)?.count ?? 0;
  }

  has(cgroup: string): boolean {
    return this.#entries.has(cgroup);
  }

  /** The file of a cgroup says so much (NaN: it has none); returns what is to be shown in its place. */
  read(cgroup: string, value: number): number {
    const entry = this.#entry(cgroup);
    if (!entry.isLive) this.#begin(entry);
    if (!Number.isNaN(value)) {
      entry.account.read(value);
      this.#read.add(entry);
      this.#changed(entry);
      // What was there before the agent was is counted, but is no news.
      if (this.#pass === 0) entry.announced = entry.account.count;
    }
    return entry.count;
  }

  /** A message names the cgroup of a kill. */
  named(victim: Victim, place: Place, time: number): void {
    const { cgroup } = place;
    this.#credit(cgroup);
    if (this.#parts.isHierarchical) {
      for (const above of pathsAbove(cgroup)) if (above !== "/") this.#credit(above);
    }
    this.#announce({ time, ...victim, ...place });
  }

  /** Somebody else knows of a kill in a cgroup that is gone, of which neither source has told. */
  credit(cgroup: string, time: number): void {
    // Those above it are there still, and have counted it in their own files.
    this.#credit(cgroup);
    this.unnamed++;
    this.#announce({ time, cgroup });
  }

  /** All messages have been taken, for now. */
  drained(): void {
    for (const entry of this.#read) entry.account.drained();
    this.#read.clear();
  }

  /** Its files can't be read any more: it has gone, and another may have taken its path. */
  closed(cgroup: string): void {
    const entry = this.#entries.get(cgroup);
    if (entry?.isLive !== true) return;
    entry.account.endUnseen();
    this.#changed(entry);
    entry.isLive = false;
  }

  /** It has gone and nothing is there in its place. */
  gone(cgroup: string, container: Container, time: number): void {
    const entry = this.#entries.get(cgroup);
    if (entry === undefined) return;
    entry.account.end();
    this.#changed(entry);
    entry.isLive = false;
    entry.container = container;
    entry.goneAt = time;
    // Behind all others that have gone before.
    this.#entries.delete(cgroup);
    if (entry.count > 0) this.#entries.set(cgroup, entry);
  }

  /** How it stands with the cgroup that is or was last at a path. */
  life(cgroup: string): { readonly number: number; readonly began: number; readonly now: number } {
    const entry = this.#entries.get(cgroup);
    if (entry === undefined) return { number: 0, began: 0, now: 0 };
    return { number: entry.life, began: entry.began, now: entry.account.count };
  }

  /** Whether a cgroup of this path is there. */
  isLive(cgroup: string): boolean {
    return this.#entries.get(cgroup)?.isLive ?? false;
  }

  /** A pass over all cgroups is complete: tells listeners what only files have told, and returns how many kills that are. */
  settle(time: number): number {
    this.#pass++;
    const before = this.unnamed;
    // From the bottom up: what has happened below explains what those above have counted.
    const risen = [...this.#risen].toSorted((a, b) => b.cgroup.length - a.cgroup.length);
    for (const entry of risen) {
      this.#tellMissing(entry, time);
      entry.settled = entry.account.count;
      if (entry.announced >= entry.settled) this.#risen.delete(entry);
    }
    if (time - this.#prunedAt > KEPT_MS / 60) this.#prune(time);
    return this.unnamed - before;
  }

  /** What the file had counted a pass ago, and no message has named since. */
  #tellMissing(entry: Entry, time: number): void {
    let missing = entry.settled - entry.announced;
    if (missing > 0 && this.#parts.isHierarchical) missing -= this.#pendingBelow(entry.cgroup);
    if (missing <= 0) return;
    this.unnamed += missing;
    for (let told = 0; told < Math.min(missing, MOST_TOLD); told++) {
      this.#announce({ time, cgroup: entry.cgroup });
    }
    entry.announced += Math.max(0, missing - MOST_TOLD);
  }

  /** Kills below that will be told when it is their turn: their files may have been read later. */
  #pendingBelow(cgroup: string): number {
    let pending = 0;
    for (const entry of this.#risen) {
      if (entry.cgroup.startsWith(`${cgroup}/`)) pending += entry.account.count - entry.announced;
    }
    return pending;
  }

  /** The path that a container has or had here, by its engine's id. */
  cgroupOf(engineId: string): string | undefined {
    for (const cgroup of this.#entries.keys()) {
      if (cgroup.includes(engineId) && engineIdOf(cgroup) === engineId) return cgroup;
    }
    return undefined;
  }

  #entry(cgroup: string): Entry {
    let entry = this.#entries.get(cgroup);
    if (entry === undefined) this.#entries.set(cgroup, (entry = new Entry(cgroup)));
    return entry;
  }

  #begin(entry: Entry): void {
    entry.isLive = true;
    entry.container = undefined;
    entry.life++;
    entry.began = entry.account.count;
  }

  #credit(cgroup: string): void {
    const entry = this.#entry(cgroup);
    entry.account.name();
    this.#changed(entry);
  }

  /** Passes on what is new to those above, which can't see it by themselves. */
  #changed(entry: Entry): void {
    const { count } = entry.account;
    if (count > entry.announced) this.#risen.add(entry);
    if (count === entry.passedOn || entry.cgroup === "/") return;
    const more = count - entry.passedOn;
    entry.passedOn = count;
    if (!this.#parts.isHierarchical) {
      for (const above of pathsAbove(entry.cgroup)) this.#entry(above).below += more;
    } else if (entry.cgroup.lastIndexOf("/") === 0) {
      // The root of v2 has no such file.
      this.#entry("/").below += more;
    }
  }

  #announce(kill: OomKill): void {
    this.#entry(kill.cgroup).announced++;
    if (this.#parts.isHierarchical) {
      for (const above of pathsAbove(kill.cgroup)) {
        if (above !== "/") this.#entry(above).announced++;
      }
    }
    for (const listener of this.#listeners) listener(kill);
  }

  #prune(time: number): void {
    this.#prunedAt = time;
    const gone: string[] = [];
    for (const [cgroup, entry] of this.#entries) {
      if (entry.isLive) continue;
      if (entry.goneAt === 0 || this.#parts.isKept(cgroup)) entry.goneAt = time;
      if (time - entry.goneAt > KEPT_MS) this.#entries.delete(cgroup);
      else gone.push(cgroup);
    }
    for (const cgroup of gone.slice(0, -MOST_GONE)) this.#entries.delete(cgroup);
  }
}
