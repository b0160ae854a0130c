import type { AgentView } from "../../../agent/api/route.ts";
import type { Diagnosis } from "../../../agent/diagnostics/diagnosis.ts";

const FOUND: Diagnosis = {
  node: "host-1",
  time: "2026-11-21T06:15:32.000Z",
  is_fit: true,
  findings: [
    { id: "cgroup.version", status: "ok", what: "cgroup v2", affects: [] },
    { id: "kmsg", status: "missing", what: "no rights", affects: ["oom_event"], remedy: "be root" },
  ],
  metrics: [],
};

const SWAP = {
  name: "memory_swap_bytes",
  kind: "stat",
  group: "memory",
  status: "absent",
  measured_of: 0,
  looked_at: 1,
  reason: "the kernel does not count it",
  remedy: "swapaccount=1",
} as const;

/** Diagnostics of a fake machine: one finding of two is missing, and nobody looks at anything. */
export function noDiagnostics(): AgentView["diagnostics"] {
  return {
    read: async () => FOUND,
    explain: async (name) => (name === SWAP.name ? { ...FOUND, metrics: [SWAP] } : undefined),
  };
}
