import { storedStats } from "../../../wire/metrics/all.ts";
import { type HeapsterMetric, heapsterMetrics } from "../../model/heapster-metrics.ts";

/** A metric of Heapster's and where it is found in a row of a batch. */
export interface Measure extends Pick<
  HeapsterMetric,
  "name" | "isInteger" | "isSummed" | "resourceId"
> {
  readonly column: number;
  /** Heapster's units in one of the statistic's. */
  readonly factor: number;
}

/**
 * What batches can tell of Heapster's metrics: everything that is no counter, since the rows hold
 * rates. It is what Heapster itself writes with `disable_counter_metrics`.
 */
export const measures: readonly Measure[] = heapsterMetrics.flatMap((metric) => {
  const { name, isInteger, isSummed, resourceId, of, isRate, factor } = metric;
  const kind = isRate ? "rate" : "value";
  const column = storedStats.findIndex(({ from }) => from.kind === kind && from.of === of);
  if (column === -1) return [];
  const resource = resourceId === undefined ? {} : { resourceId };
  return [{ name, isInteger, isSummed, ...resource, column, factor: factor * of.scale }];
});
