import { type SpecMetric, specMetrics } from "../../../wire/metrics/spec.ts";
import type { ContainerFamily } from "./family.ts";

function familyOf(
  { name, help, of, unlimited }: SpecMetric,
  memoryBytes: () => number,
): ContainerFamily {
  return {
    name,
    help,
    type: "gauge",
    write(tracked, emit) {
      // The machine itself is limited by what is built in.
      const isMachine = tracked.cgroup.id === "/" && of === "memoryLimit";
      const value = isMachine ? memoryBytes() : tracked.spec[of];
      const hasNone = value === Number.POSITIVE_INFINITY;
      emit("", hasNone ? (unlimited ?? Number.NaN) : value);
    },
  };
}

/** What a container may use. @param memoryBytes what the machine has */
export function specFamilies(memoryBytes: () => number): ContainerFamily[] {
  return specMetrics.map((metric) => familyOf(metric, memoryBytes));
}
