/** What many values come to, as cAdvisor's `Percentiles` has it, but not rounded. */
export interface Percentiles {
  readonly mean: number;
  /** Sample deviation; 0 of a single value. */
  readonly std: number;
  readonly max: number;
  readonly fifty: number;
  readonly ninety: number;
  readonly ninetyfive: number;
  /** How many values; NaN for all others where there are none. */
  readonly count: number;
}

/** The value at `part` of `n` sorted ones: at place `part · (n + 1)`, between two neighbours if need be. */
export function percentile(sorted: Float64Array, part: number): number {
  const count = sorted.length;
  const place = Math.min(Math.max(part * (count + 1), 1), count);
  const below = Math.floor(place);
  const lower = sorted[below - 1] ?? Number.NaN;
  const upper = sorted[below] ?? lower;
  return lower + (place - below) * (upper - lower);
}

function deviation(values: Float64Array, mean: number): number {
  if (values.length < 2) return 0;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/** Sums up values; mean and maximum may be known better than from them. */
export function percentilesOf(
  values: Float64Array,
  mean: number = meanOf(values),
  max: number = values.reduce((most, value) => Math.max(most, value), 0),
): Percentiles {
  const sorted = values.toSorted();
  return {
    mean,
    std: deviation(sorted, mean),
    max,
    fifty: percentile(sorted, 0.5),
    ninety: percentile(sorted, 0.9),
    ninetyfive: percentile(sorted, 0.95),
    count: sorted.length,
  };
}

/** NaN of no values. */
export function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
