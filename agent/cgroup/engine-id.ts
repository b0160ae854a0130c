/** An engine's id is 64 hexadecimal digits, alone or behind a word of the engine's: `docker-<id>.scope`, `crio-<id>`, `…:cri-containerd:<id>`. */
const OF_CONTAINER = /^(?:(.*)[^0-9a-f])?([0-9a-f]{64})(?:\.scope)?$/s;

/** The process that watches over a container has a cgroup of its own: `libpod-conmon-<id>.scope`. */
const OF_MONITOR = /(?:^|-)conmon$/;

/**
 * The engine's id that a cgroup path carries in its last part. An inner cgroup of a container has
 * none, and of parts with the same id the outermost is the container: what is below is a piece of it.
 * Units that are called after a container, such as those of its health check, are not the container.
 */
export function engineIdOf(cgroup: string): string | undefined {
  const start = cgroup.lastIndexOf("/") + 1;
  // Most paths of a host are those of services, and this is asked of each several times a second.
  if (cgroup.length - start < 64) return undefined;
  const found = OF_CONTAINER.exec(cgroup.slice(start));
  const id = found?.[2];
  if (id === undefined || OF_MONITOR.test(found?.[1] ?? "")) return undefined;
  return cgroup.lastIndexOf(id, start - 1) === -1 ? id : undefined;
}

/**
 * Which of two cgroups that carry one id is its container's: the one with fewer parts, of these the
 * shorter, of these the first in the alphabet. Less than 0 if it is `a`.
 */
export function compareContainerPaths(a: string, b: string): number {
  const parts = a.split("/").length - b.split("/").length;
  if (parts !== 0) return parts;
  return a.length - b.length || (a < b ? -1 : Number(a > b));
}
