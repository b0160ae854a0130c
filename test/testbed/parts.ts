import { existsSync, openSync, readSync, closeSync } from "node:fs";
import path from "node:path";

import { testbedFolder } from "./run-folder.ts";

/** A part of the world that system tests need and that a machine may lack. */
export type Part =
  | "docker"
  | "compose"
  | "podman"
  | "containerd"
  | "openssl"
  | "cgroups"
  | "network"
  | "prometheus"
  | "influxdb"
  | "victoria-metrics"
  | "chromium"
  | "dns"
  | "kubectl"
  | "terminal"
  | "vm";

interface Needs {
  /** Programs that must be there; with `|` between two, either will do. */
  readonly commands: readonly string[];
  /** Debian packages that bring them. */
  readonly packages: readonly string[];
  readonly root: boolean;
  /** They are unpacked into the test bed and not installed, as others own files of theirs. */
  readonly isUnpacked?: boolean;
}

const needs: Record<Part, Needs> = {
  docker: {
    commands: ["dockerd", "containerd", "runc", "iptables", "ip", "nsenter", "static busybox"],
    packages: ["docker.io", "iptables", "iproute2", "busybox-static"],
    root: true,
  },
  compose: {
    commands: ["docker", "docker-compose"],
    packages: ["docker.io", "docker-compose"],
    root: false,
  },
  podman: {
    commands: ["podman", "conmon", "runc", "static busybox"],
    packages: ["podman", "conmon", "runc", "busybox-static"],
    root: true,
  },
  openssl: { commands: ["openssl"], packages: ["openssl"], root: false },
  containerd: {
    commands: ["containerd", "ctr", "runc", "static busybox"],
    packages: ["containerd", "runc", "busybox-static"],
    root: true,
  },
  cgroups: { commands: [], packages: [], root: true },
  network: { commands: ["ip", "nsenter"], packages: ["iproute2"], root: true },
  prometheus: { commands: ["prometheus", "promtool"], packages: ["prometheus"], root: false },
  "victoria-metrics": {
    commands: ["victoria-metrics"],
    packages: ["victoria-metrics"],
    root: false,
  },
  influxdb: { commands: ["influxd"], packages: ["influxdb"], root: false },
  chromium: { commands: ["chromium|google-chrome"], packages: ["chromium"], root: false },
  dns: { commands: ["dnsmasq"], packages: ["dnsmasq-base"], root: false },
  kubectl: {
    commands: ["Debian kubectl"],
    packages: ["kubernetes-client"],
    root: false,
    isUnpacked: true,
  },
  terminal: { commands: ["tmux"], packages: ["tmux"], root: false },
  vm: {
    commands: ["debootstrap", "qemu-system-x86_64", "mke2fs", "static busybox"],
    packages: ["debootstrap", "qemu-system-x86", "e2fsprogs", "busybox-static"],
    root: true,
  },
};

/** Every part, in the order in which missing ones are told. */
export const allParts: readonly Part[] = [
  "docker",
  "compose",
  "podman",
  "containerd",
  "openssl",
  "cgroups",
  "network",
  "prometheus",
  "influxdb",
  "victoria-metrics",
  "chromium",
  "dns",
  "kubectl",
  "terminal",
  "vm",
];

/** The reason why a part cannot be used here, or undefined if it can. */
export function lacking(part: Part): string | undefined {
  if (process.platform !== "linux") return "Linux";
  const { commands, packages, root } = needs[part];
  const missing = commands.filter((names) => findCommand(names) === undefined);
  const reasons = [
    ...(missing.length > 0 ? [`${missing.join(", ")} (Debian: ${packages.join(" ")})`] : []),
    ...(root && process.getuid?.() !== 0 ? ["to run as root"] : []),
  ];
  return reasons.length > 0 ? reasons.join(", and ") : undefined;
}

/** The Debian packages to install that bring the programs that are missing here. */
export function missingPackages(): string[] {
  return packagesLacking(({ isUnpacked }) => isUnpacked !== true);
}

/** The same of those that are to be unpacked alone, each into its own folder. */
export function packagesToUnpack(): string[] {
  return packagesLacking(({ isUnpacked }) => isUnpacked === true);
}

function packagesLacking(isWanted: (part: Needs) => boolean): string[] {
  const packages = allParts
    .map((part) => needs[part])
    .filter(isWanted)
    .filter(({ commands }) => commands.some((names) => findCommand(names) === undefined))
    .flatMap((part) => part.packages);
  return [...new Set(packages)];
}

/** Where a package is unpacked. */
export function unpackedFolder(debianPackage: string): string {
  return path.join(testbedFolder(), "packages", debianPackage);
}

/** The path of a program, of the first that is there if several are named as `a|b`. */
function findCommand(names: string): string | undefined {
  if (names === "static busybox") return findStaticBusybox();
  if (names === "Debian kubectl") return findDebianKubectl();
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  return names
    .split("|")
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find((file) => existsSync(file));
}

/** The path of a program; throws when it is missing. */
export function commandPath(names: string): string {
  const found = findCommand(names);
  if (found === undefined) throw new Error(`cannot find the program ${names}`);
  return found;
}

function findStaticBusybox(): string | undefined {
  return ["/bin/busybox", "/usr/bin/busybox"].find((file) => existsSync(file) && isStatic(file));
}

/** Another kubectl, of another version, may be the first in the path. */
function findDebianKubectl(): string | undefined {
  const isInstalled = existsSync("/var/lib/dpkg/info/kubernetes-client.list");
  const file = isInstalled
    ? "/usr/bin/kubectl"
    : path.join(unpackedFolder("kubernetes-client"), "usr/bin/kubectl");
  return existsSync(file) ? file : undefined;
}

// A dynamically linked program names its loader near its beginning (ELF, PT_INTERP).
function isStatic(file: string): boolean {
  const start = Buffer.alloc(4096);
  const handle = openSync(file, "r");
  readSync(handle, start, 0, start.length, 0);
  closeSync(handle);
  return !start.includes("/ld-");
}
