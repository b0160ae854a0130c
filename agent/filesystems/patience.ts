import { MeasureError } from "./failure.ts";

/** Calls into the kernel that don't return each keep a thread of Node's pool, which has four. */
const MOST_STUCK = 2;

/** Held by work that asks the kernel, so that it can be seen to be stuck. */
export interface Patient {
  /** Before asking, and again after each answer. */
  asking(): void;
  /** While it does something else, for however long. */
  resting(): void;
  /** Nobody waits for it any more. */
  readonly isGivenUp: boolean;
}

/**
 * Waits for work on filesystems that may never answer: dead disks, servers that are away. Where one
 * question is stuck no other is asked, and when two are stuck nothing is asked at all.
 */
export class Patience {
  readonly #timeoutMs: number;
  readonly #stuck: Set<string> = new Set();

  /** @param timeoutMs how long one answer of the kernel may take */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Does some work at a place.
   * @throws MeasureError `stuck` or `timeout`, and whatever the work throws
   */
  async wait<T>(place: string, work: (patient: Patient) => Promise<T>): Promise<T> {
    if (this.#stuck.has(place) || this.#stuck.size >= MOST_STUCK) {
      throw new MeasureError("stuck", `an earlier question at ${place} has not returned`);
    }
    let askedAt: number | undefined = performance.now();
    const patient = {
      asking: () => void (askedAt = performance.now()),
      resting: () => void (askedAt = undefined),
      isGivenUp: false,
    };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setInterval(() => {
        if (askedAt === undefined || performance.now() - askedAt < this.#timeoutMs) return;
        patient.isGivenUp = true;
        reject(new MeasureError("timeout", `no answer from ${place}`));
      }, this.#timeoutMs / 4);
    });
    const working = work(patient);
    try {
      return await Promise.race([working, late]);
    } finally {
      clearInterval(timer);
      if (patient.isGivenUp) this.#leave(place, working);
    }
  }

  #leave(place: string, working: Promise<unknown>): void {
    this.#stuck.add(place);
    const free = (): void => void this.#stuck.delete(place);
    working.then(free, free);
  }
}
