/**
 * What a number means, told once. The exposition, `/stats`, the roll-up, the history's columns and
 * `docs/metrics.md` all read these descriptions; nobody repeats them.
 */

/** Names of cAdvisor's metric groups, as `--metrics-enable` and `--metrics-disable` take them. */
export type MetricGroup = "cpu" | "memory" | "process" | "diskIO" | "network" | "pressure";

/** How the same metric of several containers becomes one number of their group. */
export type RollUp = "sum" | "max" | "mean";

/** A family on `/metrics`, in cAdvisor's words. */
export interface Family {
  readonly name: string;
  readonly help: string;
  /** Labels that are the same on every series of this metric. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * One number that the agent reads from the kernel each second: a column of the window and of the
 * feed. Raw numbers are kept in the kernel's own unit, so that they stay whole numbers.
 */
export interface Metric {
  /** Column name; ends in the raw unit. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly group: MetricGroup;
  /** Raw steps in one unit of the family and of the statistics: 1e9 where the kernel counts ns. */
  readonly scale: number;
  readonly family?: Family;
  /** Measured for each of these; the column holds the sum, the family one series for each. */
  readonly per?: "interface" | "device";
}

/** How a statistic is made from the columns of a sample and of the one before it. */
export type Derivation =
  | { readonly kind: "value"; readonly of: Metric }
  /** Growth a second. */
  | { readonly kind: "rate"; readonly of: Metric }
  /** Growth of one counter over the growth of another. */
  | { readonly kind: "ratio"; readonly of: Metric; readonly over: Metric }
  /** A gauge as a part of the container's limit; absent without a limit. */
  | { readonly kind: "share"; readonly of: Metric; readonly limit: LimitName };

/** The limits that a container may have. */
export type LimitName = "cpu_cores" | "memory_bytes" | "pids";

/** A number that `/stats`, the history and the pages show. */
export interface Stat {
  readonly name: string;
  readonly unit: "cores" | "bytes" | "bytes per second" | "per second" | "ratio" | "count";
  readonly help: string;
  readonly rollUp: RollUp;
  readonly from: Derivation;
  /** The metric of Heapster's schema that carries the same thing. */
  readonly heapster?: string;
}
