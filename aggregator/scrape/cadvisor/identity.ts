import type { Container, Limits } from "../../../wire/container.ts";
import { groupsOf } from "../../../wire/groups.ts";
import type { PageContainer } from "./page.ts";

const LABEL_PREFIX = "container_label_";

/** cAdvisor writes labels as Prometheus allows them; those that name groups get their own name back. */
const GROUPING_LABELS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "com.docker.compose.project",
    "com.docker.compose.service",
    "com.docker.swarm.service.name",
    "com.docker.swarm.task.name",
    "com.docker.stack.namespace",
    "io.kubernetes.pod.namespace",
    "io.kubernetes.pod.name",
    "io.kubernetes.pod.uid",
    "io.kubernetes.container.name",
    "io.plimsoll.group",
  ].map((label) => [label.replaceAll(/[^a-zA-Z0-9_]/gu, "_"), label]),
);

/** Kubelets' own labels, and what they say in the words of the runtime. */
const KUBERNETES_LABELS = [
  ["namespace", "io.kubernetes.pod.namespace"],
  ["pod", "io.kubernetes.pod.name"],
  ["container", "io.kubernetes.container.name"],
] as const;

/** Who a container is, as far as its page tells. */
export function identityOf({ id, labels: given, facts }: PageContainer): Container {
  const labels = labelsOf(given);
  const { image = "", name = "", container = "" } = given;
  const started = facts.get("container_start_time_seconds") ?? 0;
  return {
    id,
    name: [container === "POD" ? "" : container, name, id].find((word) => word !== "") ?? id,
    ...(image === "" ? {} : { image }),
    ...(started > 0 && started < 4e9 ? { started_at: isoOf(started) } : {}),
    labels,
    groups: groupsOf(labels),
    limits: limitsOf(facts),
  };
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function labelsOf(given: PageContainer["labels"]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [label, value] of Object.entries(given)) {
    if (!label.startsWith(LABEL_PREFIX) || value === "") continue;
    const name = label.slice(LABEL_PREFIX.length);
    labels[GROUPING_LABELS[name] ?? name] = value;
  }
  for (const [label, name] of KUBERNETES_LABELS) {
    const value = given[label] ?? "";
    if (value !== "") labels[name] ??= value;
  }
  return labels;
}

/** cAdvisor's 0 is no limit, and so is what is more than any machine has. */
function limitsOf(facts: PageContainer["facts"]): Limits {
  const quota = facts.get("container_spec_cpu_quota") ?? 0;
  const period = facts.get("container_spec_cpu_period") ?? 0;
  const memory = facts.get("container_spec_memory_limit_bytes") ?? 0;
  const threads = facts.get("container_threads_max") ?? 0;
  return {
    cpu_cores: quota > 0 && period > 0 ? quota / period : null,
    memory_bytes: memory > 0 && memory < 2 ** 60 ? memory : null,
    pids: threads > 0 && Number.isFinite(threads) ? threads : null,
  };
}
