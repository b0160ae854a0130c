import type { Metric, Stat } from "./metric.ts";

const MICROSECONDS = 1e6;

type Resource = "cpu" | "memory" | "io";

const WORDS: Readonly<Record<Resource, string>> = {
  cpu: "the CPU",
  memory: "memory",
  io: "I/O",
};

function stalled(resource: Resource, who: "some" | "full"): Metric {
  const tasks = who === "some" ? "some" : "all";
  return {
    name: `pressure_${resource}_${who}_microseconds`,
    type: "counter",
    group: "pressure",
    scale: MICROSECONDS,
    family: {
      name: `container_pressure_${resource}_${who === "some" ? "waiting" : "stalled"}_seconds_total`,
      help: `Time in which ${tasks} tasks waited for ${WORDS[resource]}, in seconds.`,
    },
  };
}

/** Time lost waiting. https://docs.kernel.org/accounting/psi.html */
export const pressureMetrics: Readonly<
  Record<Resource, { readonly some: Metric; readonly full: Metric }>
> = {
  cpu: { some: stalled("cpu", "some"), full: stalled("cpu", "full") },
  memory: { some: stalled("memory", "some"), full: stalled("memory", "full") },
  io: { some: stalled("io", "some"), full: stalled("io", "full") },
};

function ratio(resource: Resource, who: "some" | "full"): Stat {
  const tasks = who === "some" ? "some" : "all";
  return {
    name: `pressure_${resource}_${who}_ratio`,
    unit: "ratio",
    help: `Part of the time in which ${tasks} tasks waited for ${WORDS[resource]}.`,
    rollUp: "max",
    from: { kind: "rate", of: pressureMetrics[resource][who] },
  };
}

/** What `/stats` says of waiting. */
export const pressureStats: readonly Stat[] = [
  ratio("cpu", "some"),
  ratio("memory", "some"),
  ratio("memory", "full"),
  ratio("io", "some"),
  ratio("io", "full"),
];
