/** How long to wait after failures: at first, and at most, in milliseconds. */
export interface BackOffLimits {
  readonly least: number;
  readonly most: number;
}

/**
 * Milliseconds until the next attempt, twice as long after each failure. Half of it is up to chance,
 * so that many who wait for one store do not come back all at once.
 * @param failures in a row, at least one
 * @param chance from 0 up to 1
 */
export function backOff({ least, most }: BackOffLimits, failures: number, chance: number): number {
  const whole = Math.min(most, least * 2 ** Math.min(failures - 1, 52));
  return whole / 2 + (whole / 2) * chance;
}
