import type { Ring } from "../../wire/ring.ts";
import type { Tracked } from "../window/tracked.ts";
import type { Window } from "../window/window.ts";
import { type Usage, UsageHistory } from "./history.ts";
import { percentilesOf } from "./percentiles.ts";
import { millicoresAt, stretchAfter, workingSetAt } from "./usage.ts";

const MINUTE_MS = 60_000;

/** Minutes that end in one pass: the machine's containers come to take turns, some each second. */
const FEWEST = 8;
const TURNS = 20;

/** What a container uses now, and what it used in the last minute, hour and day. */
export interface Summary {
  /** Unix milliseconds of the newest sample. */
  readonly time: number;
  readonly millicores: number;
  readonly workingSet: number;
  readonly minute: Usage;
  readonly hour: Usage;
  readonly day: Usage;
}

interface Followed {
  readonly history: UsageHistory;
  /** Unix milliseconds up to which samples are in the history, and when the next minute is over. */
  endedAt: number;
  dueAt: number;
}

/**
 * Sums up each minute of each cgroup out of the window, for as long as the cgroup lives: 2.7 kB
 * each after an hour, 4.8 kB after a day. A window shorter than a minute shows of each minute its end.
 */
export class Summaries {
  readonly #window: Window;
  readonly #followed: WeakMap<Tracked, Followed> = new WeakMap();
  readonly #stop: () => void;

  /** Follows a window from now on, pass by pass. */
  constructor(window: Window) {
    this.#window = window;
    this.#stop = window.onPass(() => this.#pass());
  }

  /** Sums up a cgroup that has been sampled; numbers of which nothing is known are NaN. */
  of(tracked: Tracked): Summary {
    const { ring } = tracked;
    const history = this.#followed.get(tracked)?.history ?? NOTHING;
    const last = ring.length - 1;
    return {
      time: ring.timeAt(last),
      millicores: millicoresAt(ring, last),
      workingSet: workingSetAt(ring, last),
      minute: lastMinute(ring),
      hour: history.hour(),
      day: history.day(),
    };
  }

  close(): void {
    this.#stop();
  }

  #pass(): void {
    const { passedAt, size } = this.#window;
    let left = Math.max(FEWEST, Math.ceil(size / TURNS));
    for (const tracked of this.#window.live) {
      const followed = this.#followed.get(tracked);
      if (followed === undefined) {
        this.#follow(tracked, passedAt);
      } else if (followed.dueAt <= passedAt && left > 0) {
        left--;
        followed.history.add(stretchAfter(tracked.ring, followed.endedAt));
        followed.endedAt = tracked.ring.timeAt(tracked.ring.length - 1);
        followed.dueAt = passedAt + MINUTE_MS;
      }
    }
  }

  #follow(tracked: Tracked, passedAt: number): void {
    if (tracked.ring.length === 0) return;
    this.#followed.set(tracked, {
      history: new UsageHistory(),
      endedAt: tracked.ring.timeAt(tracked.ring.length - 1),
      dueAt: passedAt + MINUTE_MS,
    });
  }
}

const NOTHING = new UsageHistory();

function lastMinute(ring: Ring): Usage {
  const { seconds, cpu, memory } = stretchAfter(ring, ring.timeAt(ring.length - 1) - MINUTE_MS);
  return { seconds, cpu: percentilesOf(cpu), memory: percentilesOf(memory) };
}
