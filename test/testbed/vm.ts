import { existsSync } from "node:fs";
import { chmod, copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { runToEnd, startChild, type Child } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { guestExitMark, makeDisk, openVmImage, type VmImage } from "./vm-image.ts";
import { within } from "./wait.ts";

/** What to run in the machine. */
export interface VmRun {
  /** By path under `/payload`: the text of a file, or a file or folder of this machine. */
  files?: Record<string, string | { from: string }>;
  /** For `sh`, as root, in `/payload`; `node` is there, and the built project as `app/dist/cli.js`. */
  command: string;
  /** From power-on to power-off; 6 min if not told. */
  timeoutMs?: number;
}

/** What came of it; `output` is stdout and stderr of the command. */
export interface VmResult {
  exitCode: number;
  output: string;
}

// qemu(1): nothing is written to the file itself.
const unchanged = "format=raw,if=virtio,snapshot=on";

const project = path.resolve(import.meta.dirname, "../..");

/** Builds the machine's image if that was not done yet. Give it 20 min: `beforeAll(prepareVm, 20 * 60_000)`. */
export async function prepareVm(): Promise<void> {
  await openVmImage();
}

/**
 * Boots a Debian machine with systemd, cgroup v2, PSI and Docker (systemd driver) in emulation, runs the
 * command in it, and powers it off. Slow (30 s and more) and alone: it has no network.
 * Throws with the end of its console when it does not finish in time.
 */
export async function runInVm(vm: VmRun): Promise<VmResult> {
  const image = await openVmImage();
  const run = await openRunFolder();
  try {
    const payload = await makePayload(run, vm);
    return await boot(run, image, payload, vm.timeoutMs ?? 6 * 60_000);
  } finally {
    await removeRun(run.name);
  }
}

async function boot(
  run: RunFolder,
  image: VmImage,
  payload: string,
  timeoutMs: number,
): Promise<VmResult> {
  const result = path.join(run.path, "result");
  const qemu = await startChild({
    command: commandPath("qemu-system-x86_64"),
    args: machine(image, payload, result),
    // The temporary files of snapshot=on.
    env: { ...run.env, TMPDIR: run.path },
  });
  const console = (): string => `\nlast lines of its console:\n${qemu.tail()}`;
  await within("the virtual machine should power off", timeoutMs, qemu.exited).catch(
    async (cause: unknown) => {
      await endAtOnce(qemu);
      const output = await readFile(result, "utf8").catch(() => "");
      throw new Error(`${String(cause)}${console()}\noutput so far:\n${output}`, { cause });
    },
  );
  const text = await readFile(result, "utf8").catch(() => "");
  const [, output, exitCode] = new RegExp(`^([^]*)\n${guestExitMark} (\\d+)\n$`).exec(text) ?? [];
  if (output === undefined) {
    throw new Error(`the virtual machine ended without a result${console()}\noutput:\n${text}`);
  }
  return { exitCode: Number(exitCode), output };
}

async function endAtOnce(qemu: Child): Promise<void> {
  qemu.signal("SIGKILL");
  await qemu.exited;
}

function machine(image: VmImage, payload: string, result: string): string[] {
  return [
    ["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1500"],
    ["-display", "none", "-monitor", "none", "-no-reboot", "-nic", "none"],
    ["-kernel", image.kernel, "-initrd", image.initrd],
    ["-append", "root=/dev/vda rw console=ttyS0 psi=1 apparmor=0 quiet"],
    ["-drive", `file=${image.disk},${unchanged}`, "-drive", `file=${payload},${unchanged}`],
    ["-serial", "stdio", "-serial", `file:${result}`],
  ].flat();
}

async function makePayload(run: RunFolder, vm: VmRun): Promise<string> {
  const folder = path.join(run.path, "payload");
  await mkdir(path.join(folder, "bin"), { recursive: true });
  await copyFile(process.execPath, path.join(folder, "bin/node"));
  await chmod(path.join(folder, "bin/node"), 0o755);
  await copyProject(path.join(folder, "app"));
  for (const [name, content] of Object.entries(vm.files ?? {})) {
    const target = path.join(folder, name);
    await mkdir(path.dirname(target), { recursive: true });
    if (typeof content === "string") await writeFile(target, content);
    else await cp(content.from, target, { recursive: true });
  }
  await writeFile(path.join(folder, "command"), vm.command);
  const file = path.join(run.path, "payload.raw");
  const used = Number.parseInt(await runToEnd("du", ["-sk", folder]), 10) * 1024;
  await makeDisk({ from: folder, file, bytes: used * 1.2 + 128 * 2 ** 20, env: run.env });
  return file;
}

/** Copies the built programs with the packages they load at run time, but for those whose path matches `without`. */
export async function copyProject(target: string, without: RegExp = /^$/): Promise<void> {
  await mkdir(target);
  await copyFile(path.join(project, "package.json"), path.join(target, "package.json"));
  const dist = path.join(project, "dist");
  if (existsSync(dist)) await cp(dist, path.join(target, "dist"), { recursive: true });
  for (const name of await productionPackages()) {
    const from = path.join(project, name);
    if (existsSync(from) && !without.test(name))
      await cp(from, path.join(target, name), { recursive: true });
  }
}

async function productionPackages(): Promise<string[]> {
  const text = await readFile(path.join(project, "package-lock.json"), "utf8");
  const { packages }: { packages: Record<string, { dev?: boolean }> } = JSON.parse(text);
  return Object.entries(packages)
    .filter(([name, { dev }]) => name !== "" && dev !== true)
    .map(([name]) => name);
}
