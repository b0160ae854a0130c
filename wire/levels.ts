/** Every level of a roll-up, the smallest first. */
export const LEVELS = [
  "pod",
  "service",
  "namespace",
  "stack",
  "compose_project",
  "node",
  "cluster",
] as const;

/** One of them. */
export type Level = (typeof LEVELS)[number];
