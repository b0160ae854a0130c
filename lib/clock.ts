/** Where time comes from; tests hand in their own. */
export interface Clock {
  /** Unix time in milliseconds, with a fraction. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
}

/**
 * A clock over a wall clock of whole milliseconds and a finer monotonic one. The fraction comes from
 * the latter; the former keeps it right when the system's clock is set or the machine has slept.
 */
export function createClock(wall: () => number, monotonic: () => number): Clock {
  let offset = wall() - monotonic();
  return {
    now(): number {
      const whole = wall();
      const fine = monotonic();
      // The wall clock cuts its fraction off, so the true time lies in [whole, whole + 1).
      offset = Math.min(Math.max(offset, whole - fine), whole + 0.999 - fine);
      return fine + offset;
    },
    monotonic,
  };
}

/** The machine's own clock. */
export const systemClock: Clock = createClock(
  () => Date.now(),
  () => performance.now(),
);
