import { allStats } from "../../../wire/metrics/all.ts";

/** A gauge of every container. */
export interface ContainerFamily {
  readonly name: string;
  readonly help: string;
  readonly of: "avg" | "max";
  /** Where its statistic stands in a row. */
  readonly column: number;
}

/** Of a single second the average says it all. Milliseconds. */
const ONE_SAMPLE = 1000;

/**
 * The families that are written of containers: the average of each statistic over the time since
 * the point before, and, where that is more than a second, the greatest second in it.
 * @param step milliseconds between two points
 */
export function containerFamilies(step: number): readonly ContainerFamily[] {
  return allStats.flatMap(({ name, help }, column) => {
    const average = { name: `plimsoll_container_${name}`, help, of: "avg", column } as const;
    if (step <= ONE_SAMPLE) return [average];
    const most = `${help} The greatest second since the point before.`;
    return [average, { name: `${average.name}_max`, help: most, of: "max", column } as const];
  });
}
