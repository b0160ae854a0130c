import type { Limits } from "../../wire/container.ts";
import type { Spec } from "../cgroup/spec.ts";

function limit(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** The limits of a cgroup as `/stats` shows them. */
export function limitsOf(spec: Spec): Limits {
  return {
    cpu_cores: limit(spec.cpuQuota / spec.cpuPeriod),
    memory_bytes: limit(spec.memoryLimit),
    pids: limit(spec.pidsLimit),
  };
}
