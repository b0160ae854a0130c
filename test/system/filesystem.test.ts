import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, statfs, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import type Docker from "dockerode";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

import { busyboxImage } from "../testbed/busybox-image.ts";
import { runToEnd } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, askContainer, seriesValue } from "./ask.ts";
import { startAgent } from "./start-agent.ts";

/** A walk is done at most every ten seconds. */
const SOON = { timeoutMs: 40_000, everyMs: 500 };

let engine: Engine;
let program: Program;
let agent: string;
let folder: string;

/** Starts a container with these volumes and directories of the machine. */
async function start(name: string, binds: readonly string[] = []): Promise<Docker.Container> {
  const container = await engine.api.createContainer({
    name,
    Image: busyboxImage,
    Cmd: ["sleep", "100000"],
    HostConfig: { NetworkMode: "none", Binds: [...binds] },
  });
  await container.start();
  return container;
}

/** Runs a shell command in a container. */
async function inside(container: Docker.Container, shell: string): Promise<void> {
  const exec = await container.exec({ Cmd: ["sh", "-c", shell], AttachStdout: true });
  const output = await exec.start({});
  output.resume();
  await once(output, "end");
  expect((await exec.inspect()).ExitCode, shell).toBe(0);
}

/** The directories that hold what a container has written: its layer and its engine's directory. */
async function directoriesOf(container: Docker.Container): Promise<string[]> {
  const { Id: id, State: state, GraphDriver: driver } = await container.inspect();
  const data = driver.Data as unknown as { readonly UpperDir?: string } | null;
  const layer = data?.UpperDir ?? (await rootOf(state.Pid));
  return [layer, path.join(engine.folder, "data/containers", id)];
}

/** Where the root of a process without an overlay is. */
async function rootOf(pid: number): Promise<string> {
  const lines = (await readFile(`/proc/${pid}/mountinfo`, "utf8")).split("\n");
  const [, , , root = ""] = lines.find((line) => line.split(" ")[4] === "/")?.split(" ") ?? [];
  return root;
}

async function du(directories: readonly string[], ...flags: string[]): Promise<number> {
  const lines = await runToEnd("du", ["-s", "-x", ...flags, ...directories]);
  return lines
    .trim()
    .split("\n")
    .reduce((sum, line) => sum + Number(line.split("\t")[0]), 0);
}

/** A series of a container on the page. */
async function shown(family: string, ...labels: string[]): Promise<number | undefined> {
  return seriesValue(await ask(`${agent}/metrics`), family, labels);
}

/** Waits until the page says what `du` says; gives that. */
async function agreed(container: Docker.Container, name: string): Promise<number> {
  return until(
    "agent and du to agree",
    async () => {
      const directories = await directoriesOf(container);
      const truth = await du(directories, "--block-size=1");
      const usage = await shown("container_fs_usage_bytes", `name="${name}"`);
      const inodes = await shown("container_fs_inodes_total", `name="${name}"`);
      return usage === truth && inodes === (await du(directories, "--inodes")) && truth;
    },
    { ...SOON, log: () => program.stderr() },
  );
}

describeWith(["docker"], "what containers have on disks", () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "plimsoll-disk-"));
    engine = await startDocker();
    ({ program, url: agent } = await startAgent(`--docker-host=${engine.host}`));
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("is what du says, as it grows and shrinks", async () => {
    const container = await start("writer");
    const before = await agreed(container, "writer");

    await inside(container, "dd if=/dev/zero of=/file bs=4096 count=700 && ln /file /tmp/link");
    expect((await agreed(container, "writer")) - before).toBeGreaterThanOrEqual(700 * 4096);
    await inside(container, "dd if=/dev/zero of=/sparse bs=1 count=1 seek=1000000000");
    expect((await agreed(container, "writer")) - before).toBeLessThan(800 * 4096);
    await inside(container, "mkdir -p /a/b/c && cp /bin/busybox /a/b/c && rm /file");
    await agreed(container, "writer");
    await inside(container, "rm -r /a /sparse /tmp/link");
    const after = await agreed(container, "writer");

    // The directory /tmp has come into the layer.
    expect(after - before).toBeLessThanOrEqual(4096);
    const stats = await askContainer(agent, "writer");
    expect(stats?.latest["fs_usage_bytes"]).toBe(after);
  });

  test("has the capacity of the filesystem that it is on, and no free inodes of its own", async () => {
    const container = await start("limited");
    await agreed(container, "limited");
    const { blocks, bsize } = await statfs(path.join(engine.folder, "data"));
    expect(await shown("container_fs_limit_bytes", 'name="limited"')).toBe(blocks * bsize);
    expect(await shown("container_fs_inodes_free", 'name="limited"')).toBeUndefined();
  });

  test("has the container's log in it", async () => {
    const container = await engine.api.createContainer({
      name: "talker",
      Image: busyboxImage,
      Cmd: ["sh", "-c", "dd if=/dev/zero bs=1000 count=1000 | tr '\\0' x; sleep 100000"],
      HostConfig: { NetworkMode: "none" },
    });
    await container.start();
    expect(await agreed(container, "talker")).toBeGreaterThanOrEqual(1e6);
  });

  test("has volumes by their names, each with what du says, and no directories of the machine", async () => {
    const mine = path.join(folder, "mine");
    await mkdir(mine);
    await writeFile(path.join(mine, "file"), "x".repeat(50_000));
    const one = await start("one", ["shared:/data", `${mine}:/mine`]);
    await start("two", ["shared:/elsewhere", "other:/other"]);
    await inside(one, "dd if=/dev/zero of=/data/file bs=4096 count=50");

    const { Mountpoint: shared } = await engine.api.getVolume("shared").inspect();
    const { Mountpoint: other } = await engine.api.getVolume("other").inspect();
    await until(
      "the volumes to be measured",
      async () => {
        const page = await ask(`${agent}/metrics`);
        const seen = [
          ["one", "shared", shared],
          ["two", "shared", shared],
          ["two", "other", other],
        ].map(async ([name, volume, directory]) => {
          const labels = [`name="${name}"`, `volume="${volume}"`];
          const usage = seriesValue(page, "container_volume_usage_bytes", labels);
          return usage === (await du([directory!], "--block-size=1"));
        });
        return (await Promise.all(seen)).every(Boolean);
      },
      SOON,
    );
    expect(await du([shared], "--block-size=1")).toBeGreaterThanOrEqual(50 * 4096);
    const page = await ask(`${agent}/metrics`);
    const names = page.matchAll(/^container_volume_usage_bytes\{.*volume="([^"]+)"/gm);
    expect([...names].map(([, name]) => name ?? "").toSorted()).toEqual([
      "other",
      "shared",
      "shared",
    ]);
  });

  test("is, of the machine, what the kernel says of each filesystem", async () => {
    const point = path.join(folder, "memory");
    await mkdir(point);
    await runToEnd("mount", ["-t", "tmpfs", "-o", "size=5m,nr_inodes=77", "tmpfs", point]);
    onTestFinished(async () => void (await runToEnd("umount", [point])));
    await writeFile(path.join(point, "file"), "x".repeat(100_000));

    const labels = ['id="/"', `device="${point}"`];
    await until(
      "the new mount to be seen",
      async () => (await shown("container_fs_usage_bytes", ...labels)) !== undefined,
      SOON,
    );
    const { bsize, blocks, bfree, files, ffree } = await statfs(point);
    expect(await shown("container_fs_usage_bytes", ...labels)).toBe((blocks - bfree) * bsize);
    expect(await shown("container_fs_limit_bytes", ...labels)).toBe(blocks * bsize);
    expect(await shown("container_fs_inodes_total", ...labels)).toBe(files);
    expect(await shown("container_fs_inodes_free", ...labels)).toBe(ffree);
  });

  test("is told once for each device of the machine", async () => {
    const page = await ask(`${agent}/metrics`);
    const lines = page.split("\n").filter((line) => line.startsWith("container_fs_limit_bytes{"));
    const root = lines.filter((line) => line.includes('id="/"'));
    const devices = root.map((line) => /device="([^"]*)"/.exec(line)?.[1]);
    expect(new Set(devices).size).toBe(devices.length);
    const { blocks, bsize } = await statfs("/");
    expect(root.map((line) => Number(line.split(" ").at(-1)))).toContain(blocks * bsize);
    expect(devices.join()).not.toMatch(/overlay|[0-9a-f]{64}/);
  });

  test("costs what the agent tells", async () => {
    const page = await ask(`${agent}/metrics`);
    for (const family of ["walks_total", "entries_total", "walk_seconds_total"]) {
      const value = seriesValue(page, `plimsoll_agent_filesystem_${family}`);
      expect(value, family).toBeGreaterThan(0);
    }
    expect(seriesValue(page, "plimsoll_agent_filesystem_oldest_result_seconds")).toBeDefined();
    expect(seriesValue(page, "plimsoll_agent_filesystem_waiting")).toBeDefined();
  });
});
