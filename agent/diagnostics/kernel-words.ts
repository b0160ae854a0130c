/** One line of `/proc/cgroups`. */
export interface KernelController {
  /** The v1 hierarchy it is mounted in; 0 = none, or v2's. */
  readonly hierarchy: number;
  readonly isEnabled: boolean;
}

/** The controllers that the kernel has. https://man7.org/linux/man-pages/man7/cgroups.7.html */
export function parseControllers(text: string): ReadonlyMap<string, KernelController> {
  const controllers = new Map<string, KernelController>();
  for (const line of text.split("\n")) {
    const [name, hierarchy, count, enabled] = line.split("\t");
    if (name === undefined || count === undefined || name.startsWith("#")) continue;
    controllers.set(name, { hierarchy: Number(hierarchy), isEnabled: enabled?.trim() === "1" });
  }
  return controllers;
}

/** All values of a parameter on the kernel's command line, in order: of `psi=0 psi=1` both. */
export function parameterOf(commandLine: string, name: string): string[] {
  return commandLine
    .split(/\s+/)
    .filter((word) => word.startsWith(`${name}=`))
    .map((word) => word.slice(name.length + 1));
}

/** Whether a parameter such as `cgroup_disable=memory,io` names a word. */
export function isNamedBy(commandLine: string, name: string, word: string): boolean {
  return parameterOf(commandLine, name).some((value) => value.split(",").includes(word));
}

/** Of `/proc/self/status`: the set of capabilities that are in force. */
export function parseCapabilities(status: string): bigint {
  const digits = /^CapEff:\s*([0-9a-f]{1,16})\s*$/m.exec(status)?.[1];
  return BigInt(`0x${digits ?? "0"}`);
}

/** The capabilities that matter here, by their number. https://man7.org/linux/man-pages/man7/capabilities.7.html */
const CAPABILITIES = {
  dac_read_search: 2,
  sys_ptrace: 19,
  sys_admin: 21,
  syslog: 34,
  perfmon: 38,
} as const;

/** Whether a set of capabilities has one. */
export function hasCapability(set: bigint, name: keyof typeof CAPABILITIES): boolean {
  return ((set >> BigInt(CAPABILITIES[name])) & 1n) === 1n;
}

/** That of mounts only since Linux 6.17: before, no namespace has it. */
const FIRST = { cgroup: 4_026_531_835, pid: 4_026_531_836, mnt: 4_026_531_832 } as const;

/**
 * Whether a namespace is the machine's first one, whose number the kernel has fixed
 * (`include/linux/proc_ns.h`); undefined if the link could not be read.
 */
export function isInitial(kind: keyof typeof FIRST, link: string | undefined): boolean | undefined {
  return link === undefined ? undefined : link === `${kind}:[${FIRST[kind]}]`;
}
