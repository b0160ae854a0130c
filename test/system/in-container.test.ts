import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import { agentImage, importAgent } from "../testbed/agent-image.ts";
import type { Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, type Stats } from "./ask.ts";
import { startAgent } from "./start-agent.ts";

const PORT = 8180;

const METRICS = ["--metrics-enable=cpu,memory,disk,diskIO,network,process,oom_event,cpuset"];

/** Uses a CPU for a while, and then stands still. */
const BURN = ["sh", "-c", "timeout 1 sh -c 'while :; do :; done'; exec sleep 1000"];

/** Numbers that move though a container stands still. */
const MOVING = /^container_(?:last_seen\b|pressure_)/;

/** Numbers for which an agent must see the container's processes. */
const OF_PROCESSES =
  /^container_(?:fs_(?:usage_bytes|limit_bytes|inodes_(?:free|total))|processes|file_descriptors|sockets|ulimits_soft)\{/;

type Identity = Omit<ContainerStats, "latest" | "window">;

type Ask = (path: string) => Promise<string>;

let engine: Engine;
let host: Program;
let onHost: Ask;
let still: Container;
let burner: Container;

/** Starts the agent in a container that has no network but its own; asks it from within. */
async function startInside(
  name: string,
  hostConfig: Docker.HostConfig & { readonly CgroupnsMode?: "host" | "private" },
  ...args: readonly string[]
): Promise<Ask> {
  const container = await engine.api.createContainer({
    name,
    Image: agentImage,
    Cmd: ["node", "/app/dist/cli.js", "agent", `--listen=127.0.0.1:${PORT}`, ...METRICS, ...args],
    HostConfig: { NetworkMode: "none", ...hostConfig },
  });
  await container.start();
  const askInside: Ask = async (path) => {
    const url = `http://127.0.0.1:${PORT}${path}`;
    const exec = await container.exec({ Cmd: ["wget", "-q", "-O-", url], AttachStdout: true });
    const stream = await exec.start({});
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(Buffer.from(piece));
    if ((await exec.inspect()).ExitCode !== 0) throw new Error(`${url} does not answer`);
    return withoutHeads(Buffer.concat(pieces)).toString();
  };
  await until(`the agent in ${name} to answer`, () => askInside("/-/ready").then(() => true), {
    timeoutMs: 60_000,
  });
  return askInside;
}

/** Output of a container comes in pieces, each behind 8 bytes of which the last four are its length. */
function withoutHeads(output: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < output.length;) {
    const end = at + 8 + output.readUInt32BE(at + 4);
    pieces.push(output.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces);
}

function withoutNumbers(container: ContainerStats): Identity {
  const { latest: _latest, window: _window, ...identity } = container;
  return identity;
}

async function identities(askAgent: Ask): Promise<Identity[]> {
  const { containers } = JSON.parse(await askAgent("/stats")) as Stats;
  return containers
    .filter(({ name }) => name === "still" || name === "burner")
    .map(withoutNumbers)
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Every series of a container that stands still, but for the window's. */
async function seriesOf(askAgent: Ask, name: string): Promise<string[]> {
  const lines = (await askAgent("/metrics")).split("\n");
  return lines.filter(
    (line) =>
      line.startsWith("container_") && line.includes(`name="${name}"`) && !MOVING.test(line),
  );
}

async function standsStill(container: Container): Promise<boolean> {
  const { Processes } = await container.api.top({ ps_args: "-o pid,stat,comm" });
  return Processes.length === 1 && Processes[0]?.[2] === "sleep";
}

/** The container's agent sees what the host's does, but for families that it can't have. */
async function expectSame(inside: Ask, absent: RegExp = /^$/): Promise<void> {
  const expected = await identities(onHost);
  expect(expected.map(({ name, runtime }) => `${runtime} ${name}`)).toEqual([
    "docker burner",
    "docker still",
  ]);
  await until("who they are to be the same", async () => {
    const found = await identities(inside);
    return JSON.stringify(found) === JSON.stringify(expected);
  });
  for (const name of ["still", "burner"]) {
    await until(`the numbers of ${name} to be the same`, async () => {
      const all = await seriesOf(onHost, name);
      const here = all.filter((line) => !absent.test(line));
      const there = await seriesOf(inside, name);
      expect(here.length).toBeGreaterThan(30);
      expect(there).toEqual(here);
      return true;
    });
  }
}

describeWith(["docker"], "an agent in a container", () => {
  beforeAll(async () => {
    engine = await startDocker();
    await importAgent(engine.api);
    burner = await engine.run({ name: "burner", cmd: BURN, cpus: 0.5, labels: { team: "blue" } });
    still = await engine.run({ name: "still", cmd: ["sleep", "1000"], memoryBytes: 32 * 2 ** 20 });
    const agent = await startAgent(`--docker-host=${engine.host}`, ...METRICS);
    host = agent.program;
    onHost = (path) => ask(`${agent.url}${path}`);
    await until("them to stand still", async () => {
      return (await standsStill(burner)) && (await standsStill(still));
    });
  });

  afterAll(async () => {
    await host?.close();
    await engine?.close();
  });

  describe("that was given the host's root", () => {
    const Binds = ["/:/rootfs:ro"];

    test("finds it by itself, and shows what an agent on the host shows", async () => {
      const socket = [`${engine.socket}:/var/run/docker.sock:ro`];
      const inside = await startInside("inside", {
        Binds: [...Binds, ...socket],
        PidMode: "host",
      });
      await expectSame(inside);
    });

    test("does so in a cgroup namespace of its own", async () => {
      const socket = [`${engine.socket}:/var/run/docker.sock:ro`];
      const inside = await startInside("inside-private", {
        Binds: [...Binds, ...socket],
        PidMode: "host",
        CgroupnsMode: "private",
      });
      await expectSame(inside);
    });

    test("shows the host's network as the host's, not its own", async () => {
      const inside = await startInside("inside-network", { Binds });
      const interfaces = async (askAgent: Ask): Promise<string[]> => {
        const page = await askAgent("/metrics");
        const lines = page.matchAll(
          /^container_network_receive_bytes_total\{id="\/",(interface="[^"]*")/gm,
        );
        return Array.from(lines, ([, name = ""]) => name);
      };
      const expected = await interfaces(onHost);
      // It has nothing but the loopback, which is not counted.
      expect(await interfaces(inside)).toEqual(expected);
      expect(expected).not.toEqual([]);
    });

    test("knows names without any socket", async () => {
      const root = `--docker-root=${engine.folder}/data`;
      const inside = await startInside("inside-alone", { Binds }, "--docker-host=/none.sock", root);
      await until("names", async () => (await identities(inside)).length === 2);
    });
  });

  test("that was given /proc, /sys and a socket shows the same, but what needs its processes", async () => {
    const Binds = [
      "/proc:/host/proc:ro",
      "/sys:/host/sys:ro",
      `${engine.socket}:/var/run/docker.sock:ro`,
    ];
    const places = ["--proc-root=/host/proc", "--sys-root=/host/sys"];
    const cgroups = "--cgroup-root=/host/sys/fs/cgroup";
    const inside = await startInside("inside-mounts", { Binds }, ...places, cgroups);
    await expectSame(inside, OF_PROCESSES);
  });
});
