/** Which label names which group; the first that is set wins. */
const GROUP_LABELS: readonly (readonly [group: string, label: string])[] = [
  ["compose_project", "com.docker.compose.project"],
  ["service", "com.docker.swarm.service.name"],
  ["service", "com.docker.compose.service"],
  ["stack", "com.docker.stack.namespace"],
  ["task", "com.docker.swarm.task.name"],
  ["namespace", "io.kubernetes.pod.namespace"],
  ["pod", "io.kubernetes.pod.name"],
];

/** The groups that a container's labels put it in. */
export function groupsOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  const groups: Record<string, string> = {};
  for (const [group, label] of GROUP_LABELS) {
    const value = labels[label];
    if (value !== undefined && value !== "") groups[group] ??= value;
  }
  return groups;
}
