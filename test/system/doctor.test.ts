import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { parseDiagnosis } from "../../agent/diagnostics/ask.ts";
import type { Diagnosis } from "../../agent/diagnostics/diagnosis.ts";
import { startChild } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask } from "./ask.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";

const cli = path.resolve(import.meta.dirname, "../../dist/cli.js");

/** Other tests' engines are not this one's. */
const ALONE = ["--cri-endpoint=none", "--podman-host=/nowhere/podman.sock"];

/** What a doctor has written, and its exit code. */
interface Answer {
  readonly code: number | null;
  readonly text: string;
  readonly errors: string;
}

const programs: Program[] = [];

afterEach(async () => {
  for (const program of programs.splice(0)) await program.kill();
});

async function consult(...args: readonly string[]): Promise<Answer> {
  const program = await startProgram(["doctor", ...args]);
  programs.push(program);
  const code = await program.ended(60_000);
  return { code, text: program.stdout(), errors: program.stderr() };
}

async function diagnosis(...args: readonly string[]): Promise<Diagnosis & { code: number | null }> {
  const { code, text, errors } = await consult("--format=json", ...args);
  expect(text, errors).toMatch(/^\{/);
  return { ...parseDiagnosis(JSON.parse(text)), code };
}

function findingOf({ findings }: Diagnosis, id: string): Diagnosis["findings"][number] | undefined {
  return findings.find((finding) => finding.id === id);
}

/** The v1 controllers that are mounted, and whether there is a v2 hierarchy, as the kernel tells. */
function mounted(): { readonly v1: readonly string[]; readonly v2: boolean } {
  const lines = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(" /sys/fs/cgroup"));
  return {
    v1: lines
      .filter((line) => line.includes(" - cgroup "))
      .flatMap((line) => line.split(" ").at(-1)?.split(",") ?? []),
    v2: lines.some((line) => line.includes(" - cgroup2 ")),
  };
}

const { v1, v2 } = mounted();
const isV1 = v1.includes("memory");

describe("plimsoll doctor", () => {
  test("says of this host what the kernel says", async () => {
    const found = await diagnosis(NO_ENGINE, ...ALONE);
    expect(found.code).toBe(found.is_fit ? 0 : 1);
    const version = findingOf(found, "cgroup.version")?.what ?? "";
    expect(version.startsWith(isV1 ? "cgroup v1" : "cgroup v2")).toBe(true);
    expect(version.includes("v2")).toBe(v2);
    const names = readFileSync("/proc/cgroups", "utf8").split("\n").slice(1);
    for (const line of isV1 ? names : []) {
      const [name = "", hierarchy] = line.split("\t");
      const finding = findingOf(found, `controller.${name}`);
      if (finding === undefined || finding.what.includes("(v2)")) continue;
      expect(finding.status === "ok", finding.what).toBe(v1.includes(name));
      expect(finding.status === "ok", finding.what).toBe(hierarchy !== "0");
    }
    expect(findingOf(found, "controller.memory")?.status).toBe("ok");
    expect(findingOf(found, "engine.docker")?.status).toBe("missing");
  });

  test("explains a number that only the other version of cgroups tells", async () => {
    const family = isV1 ? "container_memory_events_high_total" : "container_memory_migrate";
    const { metrics } = await diagnosis(`--metric=${family}`, "--metrics-enable=all", NO_ENGINE);
    expect(metrics).toMatchObject([{ name: family, status: "absent", measured_of: 0 }]);
    expect(metrics[0]?.reason).toBe(`cgroup v${isV1 ? 1 : 2} does not tell it`);
  });

  test("writes a table for people, without colours where nobody looks", async () => {
    const { code, text } = await consult(NO_ENGINE, ...ALONE);
    expect(code).toBe(0);
    expect(text).toMatch(/^ {2}ok {7}controller\.memory {2,}memory is on/m);
    expect(text).toMatch(/^ {2}MISSING {2}engine\.docker {2,}\/nowhere\.sock is not there/m);
    expect(text).toMatch(
      /^ {2}engine\.docker {2,}start docker, name its socket with --docker-host/m,
    );
    expect(text).not.toContain("\u001b");
  });

  test("ends with 1 where there are no cgroups, and with 2 for a wrong setting", async () => {
    const { code, text } = await consult("--cgroup-root=/nowhere", NO_ENGINE);
    expect(code).toBe(1);
    expect(text).toMatch(/^ {2}BAD {6}cgroup\.version {2,}there are no cgroups at \/nowhere/m);
    const wrong = await consult("--metric=memory_swap_byte");
    expect(wrong.code).toBe(2);
    expect(wrong.errors).toContain("did you mean memory_swap_bytes");
    expect((await consult("--url=nonsense")).code).toBe(2);
  });

  test("says that it can't ask an agent that is not there", async () => {
    const { code, errors } = await consult("--url=http://127.0.0.1:1");
    expect(code).toBe(1);
    expect(errors).toContain("cannot GET http://127.0.0.1:1/diagnostics");
  });
});

describe("GET /diagnostics", () => {
  let agent: { readonly program: Program; readonly url: string };

  beforeAll(async () => {
    agent = await startAgent(NO_ENGINE, ...ALONE);
  });

  afterAll(() => agent.program.close());

  test("tells the same, in JSON and in text, and a doctor asks for it", async () => {
    const answer = parseDiagnosis(JSON.parse(await ask(`${agent.url}/diagnostics`)));
    expect(findingOf(answer, "controller.memory")?.status).toBe("ok");
    // An agent that listens does not ask whether its port is free.
    expect(findingOf(answer, "listen")).toBeUndefined();
    const text = await ask(`${agent.url}/diagnostics`, { accept: "text/plain" });
    expect(text).toMatch(/^ {2}ok {7}controller\.memory/m);
    const asked = await diagnosis(`--url=${agent.url}`);
    expect(asked.code).toBe(0);
    expect(asked.findings.map(({ id }) => id)).toEqual(answer.findings.map(({ id }) => id));
  });

  test("explains one metric, also to a doctor", async () => {
    const name = "container_processes";
    const [metric] = (await diagnosis(`--url=${agent.url}`, `--metric=${name}`)).metrics;
    expect(metric).toMatchObject({ name, status: "off", group: "process" });
    const response = await fetch(`${agent.url}/diagnostics?metric=nothing`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("metric must be a statistic");
  });
});

describeWith(["docker"], "plimsoll doctor beside Docker", () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await startDocker();
    await engine.run({ name: "doctor-web", cmd: ["sleep", "10000"] });
  });

  afterAll(() => engine.close());

  test("finds the engine, and the driver by its container's cgroup", async () => {
    const found = await diagnosis(`--docker-host=${engine.host}`, ...ALONE);
    const { Version: version } = await engine.api.version();
    expect(findingOf(found, "engine.docker")).toMatchObject({
      status: "ok",
      what: `${engine.socket} answers (${version})`,
    });
    expect(findingOf(found, "cgroup.driver")?.what).toMatch(/cgroupfs \(\d+ containers\)/);
    expect(findingOf(found, "proc.namespaces")?.status).toBe("ok");
  });

  test("as another user says what that user may not", async () => {
    const asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const doctor = [process.execPath, cli, "doctor", "--format=json"];
    const child = await startChild({
      command: "setpriv",
      args: [...asNobody, ...doctor, `--docker-host=${engine.host}`, ...ALONE],
      cwd: "/",
    });
    const { code } = await child.exited;
    const found = parseDiagnosis(JSON.parse(child.stdout()));
    expect(code).toBe(0);
    for (const id of ["engine.docker", "proc.namespaces", "capability.sys_ptrace"]) {
      expect(findingOf(found, id)?.status, id).toBe("missing");
    }
    expect(findingOf(found, "engine.docker")?.what).toContain("may not be used by this user");
    expect(findingOf(found, "controller.memory")?.status).toBe("ok");
  });

  test("notices an engine that has stopped to answer, in an agent that runs too", async () => {
    const agent = await startAgent(`--docker-host=${engine.host}`, ...ALONE);
    try {
      await engine.freeze();
      const found = await diagnosis(`--docker-host=${engine.host}`, ...ALONE);
      expect(findingOf(found, "engine.docker")?.what).toContain("does not answer");
      await until("the agent to say so", async () => {
        const answer = parseDiagnosis(JSON.parse(await ask(`${agent.url}/diagnostics`)));
        return findingOf(answer, "engine.docker")?.what.includes("does not answer") === true;
      });
    } finally {
      engine.thaw();
      await agent.program.close();
    }
  });
});
