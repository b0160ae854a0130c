import { join } from "node:path";

import { readFirst, readText } from "./sysfs.ts";

/** Where the files are that name the machine. */
export interface NameFiles {
  /** The host's `/`. */
  readonly rootfs: string;
  readonly procRoot: string;
  readonly sysRoot: string;
  /** The first that can be read counts; paths on the host. */
  readonly machineIdFiles: readonly string[];
  readonly bootIdFiles: readonly string[];
}

/** The names that a machine and its system go by; empty = it does not tell. */
export interface MachineNames {
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  /** `6.1.0-18-amd64`. */
  readonly kernelVersion: string;
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly osVersion: string;
}

/** https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
function parseOsName(release: string): string {
  const value = /^PRETTY_NAME=(.*)$/m.exec(release)?.[1]?.trim() ?? "";
  const [, , quoted] = /^(["'])(.*)\1$/.exec(value) ?? [];
  return (quoted ?? value).replaceAll(/\\(["$`\\])/g, "$1");
}

/** Reads the names. */
export function readNames(files: NameFiles): MachineNames {
  const { rootfs, procRoot, sysRoot } = files;
  const onHost = (paths: readonly string[]): string[] => paths.map((path) => join(rootfs, path));
  const machineId = readFirst(onHost(files.machineIdFiles));
  const release = readFirst(onHost(["/etc/os-release", "/usr/lib/os-release"]));
  return {
    machineId,
    // PowerPC has no DMI, and others have neither.
    systemUuid:
      readFirst([
        join(sysRoot, "class/dmi/id/product_uuid"),
        join(procRoot, "device-tree/system-id"),
        join(procRoot, "device-tree/vm,uuid"),
      ]) || machineId,
    // A host's `/` is often mounted without its `/proc`.
    bootId: readFirst([...onHost(files.bootIdFiles), join(procRoot, "sys/kernel/random/boot_id")]),
    kernelVersion: readText(join(procRoot, "sys/kernel/osrelease")),
    osVersion: parseOsName(release) || "Linux",
  };
}
