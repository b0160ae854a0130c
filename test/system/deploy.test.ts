import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { baseImage, importBase } from "../testbed/base-image.ts";
import { runToEnd } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { commandPath } from "../testbed/parts.ts";
import { until } from "../testbed/wait.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

const COMPOSE_FILE = path.join(project, "deploy/compose.yaml");

interface Target {
  readonly url: string;
  readonly state: string;
  readonly error?: string;
}

let engine: Engine;
let secrets: string;
let env: NodeJS.ProcessEnv;

/** Builds an image by deploy/Dockerfile, without any network. */
async function build(target: "agent" | "aggregator", image: string): Promise<void> {
  const args = ["build", "--quiet", "--network=none", "--file=deploy/Dockerfile", "--tag", image];
  const chosen = [`--target=${target}`, `--build-arg=BASE=${baseImage}`];
  await runToEnd(commandPath("docker"), [...args, ...chosen, "."], {
    cwd: project,
    env,
    timeoutMs: 300_000,
  });
}

function compose(profile: string, ...args: readonly string[]): Promise<string> {
  const chosen = ["--file", COMPOSE_FILE, "--project-name=plimsoll", "--profile", profile];
  return runToEnd(commandPath("docker-compose"), [...chosen, ...args], { env });
}

function docker(...args: readonly string[]): Promise<string> {
  return runToEnd(commandPath("docker"), args, { env });
}

/** The container of a service of compose, or of a stack, that runs. */
async function containerOf(service: string): Promise<string> {
  const ids = await docker("ps", "--quiet", "--no-trunc", "--filter", `name=plimsoll_${service}`);
  const [id] = ids.trim().split("\n");
  if (id === undefined || id === "") throw new Error(`no container of ${service} runs`);
  return id;
}

/** Asks the aggregator from within its container. */
async function targets(service: string): Promise<readonly Target[]> {
  const url = "http://127.0.0.1:8182/targets";
  const answer = await docker("exec", await containerOf(service), "wget", "-q", "-O-", url);
  return (JSON.parse(answer) as { targets: readonly Target[] }).targets;
}

async function healthOf(service: string): Promise<string> {
  return (
    await docker("inspect", "--format={{.State.Health.Status}}", await containerOf(service))
  ).trim();
}

async function statusOf(service: string): Promise<Record<string, string>> {
  const text = await docker("exec", await containerOf(service), "cat", "/proc/self/status");
  const lines = text.matchAll(/^(Uid|NoNewPrivs|CapBnd|CapEff):\s+(\S+)/gm);
  return Object.fromEntries(Array.from(lines, ([, name = "", value = ""]) => [name, value]));
}

/** What all containers have said last, those that ended too. */
async function logs(): Promise<string> {
  const containers = await engine.api.listContainers({ all: true });
  const texts = containers.map(async ({ Id: id, Names, Status }) => {
    const said = await engine.api.getContainer(id).logs({ stdout: true, stderr: true, tail: 15 });
    return `${Names[0]}, ${Status}:\n${said.toString()}`;
  });
  return (await Promise.all(texts)).join("\n");
}

/** The aggregator has an agent that answers. */
async function seesAgent(service: string): Promise<void> {
  let last: unknown;
  const isThere = async (): Promise<boolean> => {
    const found = await targets(service);
    last = found;
    return found.length === 1 && found[0]?.state === "up";
  };
  const patience = { timeoutMs: 60_000 };
  await until("the aggregator to have an agent", isThere, patience).catch(
    async (cause: unknown) => {
      throw new Error(`${JSON.stringify(last)}\n${await logs()}`, { cause });
    },
  );
}

describeWith(["docker", "compose"], "what deploy/ holds", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    secrets = path.join(engine.folder, "secrets");
    await mkdir(secrets);
    for (const name of ["agent_token", "influxdb_password", "grafana_password"]) {
      await writeFile(path.join(secrets, name), `${name}-0123456789abcdef\n`);
    }
    env = {
      DOCKER_HOST: engine.host,
      DOCKER_CONFIG: engine.folder,
      DOCKER_BUILDKIT: "0",
      COMPOSE_PROFILES: undefined,
      PLIMSOLL_SECRETS: secrets,
      PLIMSOLL_DOCKER_SOCKET: engine.socket,
    };
    await importBase(engine.api);
    await build("agent", "plimsoll-agent");
    await build("aggregator", "plimsoll");
  }, 600_000);

  afterAll(async () => {
    await engine?.close();
  });

  test("the images hold what runs, and nothing that builds", async () => {
    const list = (image: string, folder: string): Promise<string> =>
      docker("run", "--rm", "--network=none", "--entrypoint=ls", image, folder);
    for (const image of ["plimsoll-agent", "plimsoll"]) {
      expect((await list(image, "/app")).trim().split("\n")).toEqual([
        "LICENSE",
        "dist",
        "healthcheck.mjs",
        "node_modules",
        "package.json",
        "sbom.spdx.json",
      ]);
      expect(await list(image, "/app/node_modules")).not.toContain("typescript");
    }
    expect(await list("plimsoll", "/app/node_modules")).toContain("@duckdb");
    expect(await list("plimsoll-agent", "/app/node_modules")).not.toContain("@duckdb");
  });

  describe("compose.yaml", () => {
    test.each(["full", "embedded"])(
      "is taken, profile %s, and publishes on loopback alone",
      async (profile) => {
        const config = await compose(profile, "config");
        const published = [...config.matchAll(/^ {4}- (\S+):\d+:\d+\/tcp$/gm)];
        expect(published.length).toBeGreaterThan(1);
        expect(new Set(published.map(([, host]) => host))).toEqual(new Set(["127.0.0.1"]));
        const services = (await compose(profile, "config", "--services")).trim().split("\n");
        expect(services).toContain("agent");
      },
    );

    test("mounts files that are there", async () => {
      const text = await readFile(COMPOSE_FILE, "utf8");
      const mounts = text.matchAll(/- (\.\S+?):\//g);
      for (const [, file = ""] of mounts) {
        const full = path.join(project, "deploy", file);
        expect(await readdir(path.dirname(full))).toContain(path.basename(full));
      }
    });

    test("starts an agent and an aggregator that sees it, with few rights", async () => {
      await compose("embedded", "up", "--no-build", "--detach", "agent", "aggregator-embedded");
      await seesAgent("aggregator");
      expect(await statusOf("aggregator")).toEqual({
        Uid: "65534",
        NoNewPrivs: "1",
        CapBnd: "0000000000000000",
        CapEff: "0000000000000000",
      });
      // CAP_DAC_READ_SEARCH is bit 2, CAP_SYS_PTRACE 19, CAP_SYSLOG 34.
      expect(await statusOf("agent")).toMatchObject({
        NoNewPrivs: "1",
        CapBnd: "0000000400080004",
      });
      for (const service of ["agent", "aggregator"]) {
        const id = await containerOf(service);
        await expect(docker("exec", id, "touch", "/app/new")).rejects.toThrow("Read-only");
        // As HEALTHCHECK runs it, without its interval.
        await docker("exec", id, "node", "/app/healthcheck.mjs");
        expect(await healthOf(service)).toMatch(/^(?:starting|healthy)$/);
      }
      await compose("embedded", "down", "--volumes");
    });
  });

  test("stack.yaml starts an agent that the aggregator finds by its name", async () => {
    const at = {
      ListenAddr: "127.0.0.1:2377",
      AdvertiseAddr: "127.0.0.1",
      ForceNewCluster: false,
    };
    await engine.api.swarmInit(at);
    const node = (await docker("node", "ls", "--quiet")).trim();
    await docker("node", "update", "--label-add=plimsoll=history", node);
    const file = path.join(project, "deploy/stack.yaml");
    await docker("stack", "deploy", "--resolve-image=never", "--compose-file", file, "plimsoll");
    const both = async (): Promise<string> => {
      await containerOf("agent");
      return containerOf("aggregator");
    };
    await until("an agent and an aggregator", both, { timeoutMs: 60_000 }).catch(
      async (cause: unknown) => {
        const tasks = await docker("stack", "ps", "--no-trunc", "plimsoll");
        throw new Error(`${tasks}\n${await logs()}`, { cause });
      },
    );
    await seesAgent("aggregator");
    expect(await statusOf("aggregator")).toMatchObject({
      Uid: "65534",
      CapEff: "0000000000000000",
    });
    expect(await statusOf("agent")).toMatchObject({ CapBnd: "0000000400080004" });
  });
});
