/** An engine's id is 64 hexadecimal digits, somewhere in the last part of the path. */
const ENGINE_ID = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/;

/** The engine's id that a cgroup path carries: `/docker/<id>`, `/system.slice/docker-<id>.scope`, … */
export function engineIdOf(cgroup: string): string | undefined {
  return ENGINE_ID.exec(cgroup.slice(cgroup.lastIndexOf("/") + 1))?.[0];
}
