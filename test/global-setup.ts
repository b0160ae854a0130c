import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";

import type { TestProject } from "vitest/node";

import { runToEnd } from "./testbed/child.ts";
import { removeDeadRuns } from "./testbed/leftovers.ts";
import {
  allParts,
  commandPath,
  lacking,
  missingPackages,
  packagesToUnpack,
  type Part,
  unpackedFolder,
} from "./testbed/parts.ts";

/** Fetches the servers that the system tests need, where it may; otherwise says what to install. The tests learn what is missing (describe-with.ts). */
export async function setup(project: TestProject): Promise<void> {
  await cleanUp();
  const packages = missingPackages();
  const unpacked = packagesToUnpack();
  if (packages.length + unpacked.length > 0 && canInstall()) await install(packages, unpacked);
  const reasons: Partial<Record<Part, string>> = {};
  for (const part of allParts) {
    const reason = lacking(part);
    if (reason !== undefined) reasons[part] = reason;
  }
  project.provide("lacking", reasons);
  if (Object.keys(reasons).length > 0) tell(reasons);
}

/** Ends what tests that were cut short have left behind. */
export async function teardown(): Promise<void> {
  await cleanUp();
}

async function cleanUp(): Promise<void> {
  if (process.platform !== "linux") return;
  for (const failure of await removeDeadRuns()) console.log(`test bed: ${failure}`);
}

function tell(reasons: Partial<Record<Part, string>>): void {
  const lines = Object.entries(reasons).map(([part, reason]) => `  ${part}: needs ${reason}`);
  console.log(`test bed: these parts are missing, their tests cannot run:\n${lines.join("\n")}`);
  const packages = missingPackages().join(" ");
  if (packages !== "") console.log(`  on Debian or Ubuntu: sudo apt-get install ${packages}`);
}

function canInstall(): boolean {
  return (
    process.getuid?.() === 0 && existsSync("/etc/debian_version") && existsSync("/usr/bin/apt-get")
  );
}

async function install(packages: readonly string[], unpacked: readonly string[]): Promise<void> {
  const release = await keepServicesStill();
  try {
    await apt("reading the package lists", ["update", "-q"]);
    const options = ["-y", "-q", "--no-install-recommends"];
    if (packages.length > 0) {
      await apt(`installing ${packages.join(" ")}`, ["install", ...options, ...packages]);
    }
    for (const one of unpacked) await unpack(one);
  } catch (error) {
    // Told with the parts that are missing because of it.
    console.log(String(error));
  } finally {
    await release();
  }
}

/** Fetches a package and takes its files out, without telling the machine that it has them now. */
async function unpack(name: string): Promise<void> {
  const folder = unpackedFolder(name);
  const fresh = `${folder}.${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  try {
    await apt(`fetching ${name}`, ["download", "-q", name], fresh);
    const file = (await readdir(fresh)).find((entry) => entry.endsWith(".deb"));
    if (file === undefined) throw new Error(`cannot find what was fetched of ${name}`);
    await runToEnd(commandPath("dpkg"), ["-x", file, "."], { cwd: fresh });
    await rm(path.join(fresh, file));
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** On a host with systemd the packages would start their servers as services; this forbids it until released. */
async function keepServicesStill(): Promise<() => Promise<void>> {
  const policy = "/usr/sbin/policy-rc.d";
  if (!existsSync("/run/systemd/system") || existsSync(policy)) return async () => {};
  await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  return () => rm(policy, { force: true });
}

// A line every ten seconds, so that a slow mirror does not look like a standstill.
async function apt(doing: string, args: readonly string[], folder?: string): Promise<void> {
  const started = performance.now();
  const seconds = (): number => Math.round((performance.now() - started) / 1000);
  console.log(`test bed: ${doing} …`);
  const child = spawn(commandPath("apt-get"), ["-o", "DPkg::Lock::Timeout=300", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "pipe"],
    ...(folder === undefined ? {} : { cwd: folder }),
  });
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      last.push(line);
      if (last.length > 20) last.shift();
    });
  }
  const timer = setInterval(() => console.log(`test bed: ${seconds()} s: ${last.at(-1)}`), 10_000);
  const limit = setTimeout(() => child.kill("SIGTERM"), 20 * 60_000);
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", resolve);
  });
  clearInterval(timer);
  clearTimeout(limit);
  if (code !== 0) {
    throw new Error(`cannot finish ${doing}: apt-get ended with ${code}\n${last.join("\n")}`);
  }
  console.log(`test bed: ${doing}: done, ${seconds()} s`);
}
