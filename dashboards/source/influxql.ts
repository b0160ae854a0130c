/** One kind of things that Heapster's schema has series of, by its tag `type`. */
export type Kind = "node" | "sys_container" | "pod" | "pod_container" | "ns" | "cluster";

/** Which series: their kind, and what else must hold. */
export interface Series {
  readonly type: Kind;
  /** Tags that must match a variable as a whole; Grafana escapes what was chosen. */
  readonly chosen?: Readonly<Record<string, string>>;
}

function where({ type, chosen = {} }: Series): string {
  const matches = Object.entries(chosen).map(([tag, name]) => ` AND "${tag}" =~ /^$${name}$/`);
  return `"type" = '${type}'${matches.join("")} AND $timeFilter`;
}

/** Each series' mean in each step, a line for each value of these tags. */
export function meanBy(measurement: string, series: Series, tags: readonly string[]): string {
  const groups = ["time($__interval)", ...tags.map((tag) => `"${tag}"`)].join(", ");
  return `SELECT mean("value") FROM "${measurement}" WHERE ${where(series)} GROUP BY ${groups} fill(null)`;
}

/**
 * Each series' mean in each step first, and then their sum, for each value of these tags. A sum at once
 * would count a series as often as it has points in a step, so it would grow with the step.
 */
export function sumOfMeans(
  measurement: string,
  series: Series,
  tags: readonly string[] = [],
): string {
  const each = `SELECT mean("value") AS "value" FROM "${measurement}" WHERE ${where(series)} GROUP BY time($__interval), * fill(none)`;
  const groups = ["time($__interval)", ...tags.map((tag) => `"${tag}"`)].join(", ");
  return `SELECT sum("value") FROM (${each}) WHERE $timeFilter GROUP BY ${groups} fill(null)`;
}
