import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { schedMetrics } from "../../wire/metrics/sched.ts";
import type { Row } from "../../wire/ring.ts";
import { type Cgroup, type ControllerDirectory, taskListOf } from "../cgroup/cgroup.ts";
import { directoriesOf } from "../cgroup/inner-cgroups.ts";
import { parseDigits, type Text } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { Standstill } from "./standstill.ts";
import { readLists } from "./task-list.ts";
import { THREAD_TIMES, ThreadTimes } from "./thread-times.ts";

const COLUMNS = Object.values(schedMetrics).map(columnOf);

/** Threads that are read of one cgroup in one sample, at some 10 µs each; the others follow in the next. */
const MOST_THREADS = 400;

const NEWLINE = 10;
const SPACE = 32;

/**
 * The three numbers of `/proc/<tid>/schedstat`; false unless all three are there.
 * https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
 */
export function parseSchedstat({ bytes, length }: Text, into: Float64Array): boolean {
  let from = 0;
  for (let place = 0; place < THREAD_TIMES; place++) {
    const last = place === THREAD_TIMES - 1;
    const end = bytes.indexOf(last ? NEWLINE : SPACE, from);
    if (end === -1 || end >= length) return false;
    const value = parseDigits(bytes, from, end);
    if (Number.isNaN(value)) return false;
    into[place] = value;
    from = end + 1;
  }
  return true;
}

const timesOf = new WeakMap<Host, ThreadTimes>();

/** The one set of sums of a host. */
function threadTimes(host: Host): ThreadTimes {
  const known = timesOf.get(host) ?? new ThreadTimes();
  timesOf.set(host, known);
  return known;
}

/** Whether the kernel counts at all: where it does not, there is no file, or only zeros. */
function doesKernelCount({ files, procRoot }: Host): boolean {
  const own = new Float64Array(THREAD_TIMES);
  if (!files.readOfProcess(join(procRoot, "self", "schedstat"))) return false;
  return parseSchedstat(files.text, own) && (own[0] ?? 0) > 0;
}

/** The threads of one cgroup, read in rounds: each of them once in a round. */
class Threads {
  readonly #host: Host;
  readonly #lists: () => readonly string[];
  #isDue = false;
  /** As they were read last, by thread. */
  #known: Map<number, Float64Array> = new Map();
  /** Those of this round that have been read. */
  #found: Map<number, Float64Array> = new Map();
  #waiting: number[] = [];
  readonly #now: Float64Array = new Float64Array(THREAD_TIMES);

  /** @param lists where they stand now, the cgroup's own list first */
  constructor(host: Host, lists: () => readonly string[]) {
    this.#host = host;
    this.#lists = lists;
  }

  /**
   * Reads on, or begins a new round; returns what each thread has added since its last reading,
   * undefined if there is nothing to read. What is still when a round ends may not have been when it
   * began: then there is another.
   */
  read(isStill: boolean): Float64Array | undefined {
    if (!isStill) this.#isDue = true;
    if (this.#waiting.length === 0 && !(this.#isDue && this.#begin())) return undefined;
    const growth = new Float64Array(THREAD_TIMES);
    for (const thread of this.#waiting.splice(-MOST_THREADS)) this.#readThread(thread, growth);
    if (this.#waiting.length === 0) this.#known = this.#found;
    return growth;
  }

  #begin(): boolean {
    this.#isDue = false;
    const threads = readLists(this.#lists(), this.#host.files);
    if (threads === undefined) return false;
    this.#waiting = threads;
    this.#found = new Map();
    return true;
  }

  #readThread(thread: number, growth: Float64Array): void {
    // 0 is a thread that our own view of processes does not hold: no sum is right without it.
    if (thread === 0) growth.fill(Number.NaN);
    if (!(thread > 0)) return;
    const before = this.#known.get(thread);
    if (!this.#isRead(thread)) {
      // Kept for as long as it is listed: whatever comes later counts from there.
      if (before !== undefined) this.#found.set(thread, before);
      return;
    }
    const now = Float64Array.from(this.#now);
    // Less than before is another thread that was given the same number.
    const isSame = before?.every((value, place) => value <= (now[place] ?? 0)) ?? false;
    for (let place = 0; place < THREAD_TIMES; place++) {
      const start = isSame ? (before?.[place] ?? 0) : 0;
      growth[place] = (growth[place] ?? 0) + (now[place] ?? 0) - start;
    }
    this.#found.set(thread, now);
  }

  #isRead(thread: number): boolean {
    const { files, procRoot } = this.#host;
    // The directory of a thread is there under its own number too, though no listing shows it.
    if (!files.readOfProcess(join(procRoot, String(thread), "schedstat"))) return false;
    const isWhole = parseSchedstat(files.text, this.#now);
    if (!isWhole) files.fail("malformed");
    return isWhole;
  }
}

/** The lists of a cgroup whose threads no other adds to it: its own, and of inner cgroups that nobody samples. */
function ownLists(id: string, place: ControllerDirectory, { isSampled }: Host): string[] {
  const isOwn = ({ directory }: ControllerDirectory): boolean => {
    const below = directory.slice(place.directory.length);
    return below === "" || isSampled?.(id + below) === false;
  };
  return directoriesOf(id, place).filter(isOwn).map(taskListOf);
}

function writeTotal(row: Row, total: Float64Array | undefined): void {
  for (const [place, column] of COLUMNS.entries()) row[column] = total?.[place] ?? Number.NaN;
}

/**
 * Time on a CPU and time waiting for one, of every thread in a cgroup and below it: the file of a
 * process, `/proc/<pid>/schedstat`, tells of its first thread alone. What a thread does between its
 * last reading and its end is lost.
 */
export const sched: Collector = {
  name: "sched",
  group: "sched",
  metrics: Object.values(schedMetrics),
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const place = cgroup.controller("cpuacct") ?? cgroup.controller("cpu");
    if (place === undefined) return undefined;
    const lists = (): string[] => ownLists(cgroup.id, place, host);
    if (readLists(lists(), host.files) === undefined || !doesKernelCount(host)) return undefined;
    const times = threadTimes(host);
    times.open(cgroup.id);
    const threads = new Threads(host, lists);
    const standstill = new Standstill();
    return {
      read(row) {
        const growth = threads.read(standstill.isStill(row));
        if (growth !== undefined) times.add(cgroup.id, growth);
        writeTotal(row, times.total(cgroup.id));
      },
      close() {
        times.close(cgroup.id);
      },
    };
  },
};
