/** Stores take nothing that lies further in the future, and with it nothing else of the same request. Milliseconds. */
const FURTHEST_AHEAD = 10 * 60_000;

/** Whether a sample's time (Unix milliseconds) can only be a mistake, or is no time at all. */
export function isTooFarAhead(time: number, now: number): boolean {
  return !(time <= now + FURTHEST_AHEAD);
}
