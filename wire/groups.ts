/** Puts a container into a group of the operator's own: `io.plimsoll.group=NAME`. */
const GROUP_LABEL = "io.plimsoll.group";

/** Which label names which group; the first that is set wins. */
const GROUP_LABELS: readonly (readonly [group: string, label: string])[] = [
  ["compose_project", "com.docker.compose.project"],
  ["service", "com.docker.swarm.service.name"],
  ["service", "com.docker.compose.service"],
  ["stack", "com.docker.stack.namespace"],
  ["task", "com.docker.swarm.task.name"],
  ["namespace", "io.kubernetes.pod.namespace"],
  ["pod", "io.kubernetes.pod.name"],
  ["container", "io.kubernetes.container.name"],
  ["group", GROUP_LABEL],
];

/**
 * The groups that a container is in.
 * @param pod the pod that its engine keeps it in, as Podman does; a label that names one goes before it
 */
export function groupsOf(
  labels: Readonly<Record<string, string>>,
  pod?: string,
): Record<string, string> {
  const groups: Record<string, string> = {};
  for (const [group, label] of GROUP_LABELS) {
    const value = labels[label];
    if (value !== undefined && value !== "") groups[group] ??= value;
  }
  if (pod !== undefined && pod !== "") groups["pod"] ??= pod;
  return groups;
}

/** What containerd marks the container of a pod's sandbox with. */
export const SANDBOX_LABEL = "io.kubernetes.cri.container-type";

/** Whether it only holds a pod's namespaces: what it uses is the pod's, but it is none of its containers. */
export function isSandbox(labels: Readonly<Record<string, string>>): boolean {
  // cri-dockerd has a word of its own.
  return (
    labels[SANDBOX_LABEL] === "sandbox" || labels["io.kubernetes.docker.type"] === "podsandbox"
  );
}
