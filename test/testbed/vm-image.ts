import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import path from "node:path";

import { runToEnd } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { openRunFolder, testbedFolder } from "./run-folder.ts";

/** What qemu boots: a root disk, which runs never change, and the kernel taken out of it. */
export interface VmImage {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}

/** The line that ends the guest's result, before the exit code of its command. */
export const guestExitMark = "PLIMSOLL-GUEST-EXIT";

const recipe = {
  suite: "bookworm",
  packages: [
    "systemd",
    "systemd-sysv",
    "udev",
    "linux-image-cloud-amd64",
    "docker.io",
    "iptables",
    "iproute2",
    "busybox-static",
    "ca-certificates",
    "curl",
    "procps",
  ],
  // Nothing that wakes up by itself while values are being compared.
  masked: [
    "getty.target",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "logrotate.timer",
  ],
  // The second disk brings the command; the second serial port carries nothing but its output.
  script: `#!/bin/sh
stty -F /dev/ttyS1 raw
mount /dev/vdb /payload && cd /payload
export PATH="/payload/bin:$PATH" HOME=/root
ip link set lo up
sh ./command > /dev/ttyS1 2>&1
printf '\\n${guestExitMark} %d\\n' $? > /dev/ttyS1
sync
poweroff -f
`,
  unit: `[Unit]
Description=The command of the test
After=docker.service
Wants=docker.service
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/run-payload
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
TimeoutStartSec=infinity
`,
  diskBytes: 4 * 2 ** 30,
};

const recipeHash = createHash("sha256").update(JSON.stringify(recipe)).digest("hex");

/** Gives the cached image, and builds it if this recipe has not been built yet: 1–2 min, from the Debian mirror. */
export async function openVmImage(): Promise<VmImage> {
  const folder = path.join(testbedFolder(), `vm-${recipeHash.slice(0, 12)}`);
  if (!existsSync(folder)) await buildInto(folder);
  return {
    disk: path.join(folder, "root.raw"),
    kernel: path.join(folder, "vmlinuz"),
    initrd: path.join(folder, "initrd.img"),
  };
}

async function buildInto(folder: string): Promise<void> {
  const started = performance.now();
  console.log("test bed: building the cgroup v2 machine (once, 1–2 minutes) …");
  const run = await openRunFolder();
  try {
    const root = path.join(run.path, "root");
    const built = path.join(run.path, "built");
    await mkdir(built);
    await bootstrap(root, run.env);
    await configure(root);
    await takeKernel(root, built);
    await makeDisk({
      from: root,
      file: path.join(built, "root.raw"),
      bytes: recipe.diskBytes,
      env: run.env,
    });
    // Whoever of two builders comes second finds the place taken, by the same thing.
    await rename(built, folder).catch((cause: unknown) => {
      if (!existsSync(folder)) throw new Error(`cannot put the image at ${folder}`, { cause });
    });
  } finally {
    await removeRun(run.name);
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`test bed: the cgroup v2 machine is built, ${seconds} s`);
}

async function bootstrap(root: string, env: Record<string, string>): Promise<void> {
  const include = `--include=${recipe.packages.join(",")}`;
  await runToEnd("debootstrap", ["--variant=minbase", include, recipe.suite, root], {
    env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
    timeoutMs: 20 * 60_000,
  });
}

async function configure(root: string): Promise<void> {
  const units = path.join(root, "etc/systemd/system");
  const wanted = path.join(units, "multi-user.target.wants");
  await mkdir(path.join(root, "payload"));
  await mkdir(wanted, { recursive: true });
  await writeFile(path.join(root, "usr/local/sbin/run-payload"), recipe.script, { mode: 0o755 });
  await writeFile(path.join(units, "payload.service"), recipe.unit);
  await symlink("../payload.service", path.join(wanted, "payload.service"));
  for (const unit of recipe.masked) {
    await rm(path.join(units, unit), { force: true });
    await symlink("/dev/null", path.join(units, unit));
  }
  await appendFile(path.join(root, "etc/fstab"), "/dev/vda / ext4 defaults 0 0\n");
  await writeFile(path.join(root, "etc/hostname"), "plimsoll-vm\n");
  for (const folder of ["var/cache/apt/archives", "var/lib/apt/lists"]) {
    await rm(path.join(root, folder), { recursive: true, force: true });
  }
}

async function takeKernel(root: string, built: string): Promise<void> {
  const files = await readdir(path.join(root, "boot"));
  for (const [prefix, name] of [
    ["vmlinuz-", "vmlinuz"],
    ["initrd.img-", "initrd.img"],
  ] as const) {
    const file = files.find((candidate) => candidate.startsWith(prefix));
    if (file === undefined) throw new Error(`cannot find ${prefix}… in the new system's /boot`);
    await copyFile(path.join(root, "boot", file), path.join(built, name));
  }
}

/** Makes an ext4 disk image, sparse, of a folder's content. */
export async function makeDisk(disk: {
  from: string;
  file: string;
  bytes: number;
  env: Record<string, string>;
}): Promise<void> {
  const kibibytes = Math.ceil(disk.bytes / 1024);
  const args = ["-q", "-F", "-t", "ext4", "-b", "4096", "-O", "^has_journal", "-d", disk.from];
  await runToEnd("mke2fs", [...args, disk.file, `${kibibytes}k`], {
    env: disk.env,
    timeoutMs: 5 * 60_000,
  });
}
