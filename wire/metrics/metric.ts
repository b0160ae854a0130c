/**
 * What a number means, told once. The exposition, `/stats`, the roll-up, the history's columns and
 * `docs/metrics.md` all read these descriptions; nobody repeats them.
 */

import type { MetricGroup } from "./metric-groups.ts";

/**
 * How the same statistic of several containers becomes one number of theirs together. `mean` is
 * weighted by what each value is a part of: the periods of a ratio, the limit of a share.
 */
export type RollUp = "sum" | "max" | "mean";

/** A family on `/metrics`, in cAdvisor's words. */
export interface Family {
  readonly name: string;
  readonly help: string;
  /** Labels that are the same on every series of this metric. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a number of the kernel's is, before it has a name. */
interface Measured {
  readonly type: "counter" | "gauge";
  readonly group: MetricGroup;
  /** Raw steps in one unit of the family and of the statistics: 1e9 where the kernel counts ns. */
  readonly scale: number;
}

/**
 * One number that the agent reads from the kernel each second: a column of a sample. Raw numbers are
 * kept in the kernel's own unit, so that they stay whole numbers.
 */
export interface Metric extends Measured {
  /** Column name; ends in the raw unit. */
  readonly name: string;
  /** The family with one series for each container; none where it has several, or nobody asks for it. */
  readonly family?: Family;
}

/** A family with several series for each container: by device, interface, state, … */
export interface Series extends Measured {
  readonly family: Family;
  /** The labels that tell them apart. */
  readonly per: readonly string[];
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
