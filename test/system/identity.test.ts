import { readFile } from "node:fs/promises";
import { release } from "node:os";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { startAgent } from "./start-agent.ts";

const SECOND = 1e9;

/** Fails once, then lives on. */
const FAIL_ONCE = "if test -f /again; then sleep 1000; fi; touch /again; exit 1";

let engine: Engine;
let program: Program;
let url: string;
let web: Container;

function page(): Promise<string> {
  return ask(`${url}/metrics`);
}

async function valueOf(family: string, ...labels: readonly string[]): Promise<number | undefined> {
  return seriesValue(await page(), family, labels);
}

/** The one line of a family about a container. */
async function lineOf(family: string, name: string): Promise<string> {
  const lines = (await page()).split("\n");
  const own = lines.filter(
    (line) => line.startsWith(`${family}{`) && line.includes(`name="${name}"`),
  );
  expect(own).toHaveLength(1);
  return own[0] ?? "";
}

describeWith(["docker"], "an agent that was told which labels to show", () => {
  beforeAll(async () => {
    engine = await startDocker();
    ({ program, url } = await startAgent(
      `--docker-host=${engine.host}`,
      "--labels-include=team",
      "--env-include=APP_",
      "--metrics-enable=all",
    ));
    web = await engine.run({
      name: "web",
      cmd: ["sleep", "1000"],
      labels: { team: "blue", "com.example/other": "x" },
      env: { APP_MODE: "fast", SECRET: "y" },
    });
    await until("its name", () => valueOf("container_last_seen", 'name="web"'));
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
  });

  test("health is followed, and is -1 without a check", async () => {
    const checked = await engine.api.createContainer({
      name: "checked",
      Image: "busybox:1",
      Cmd: ["sleep", "1000"],
      HostConfig: { NetworkMode: "none" },
      Healthcheck: {
        Test: ["CMD-SHELL", "test -f /ok"],
        Interval: SECOND / 2,
        Timeout: 5 * SECOND,
        Retries: 1,
      },
    });
    await checked.start();
    const health = (): Promise<number | undefined> =>
      valueOf("container_health_state", 'name="checked"');
    await until("a state", async () => (await health()) === 0);
    const touch = await checked.exec({ Cmd: ["touch", "/ok"] });
    await touch.start({});
    await until("it to be healthy", async () => (await health()) === 1);
    expect(await valueOf("container_health_state", 'name="web"')).toBe(-1);
    expect(await valueOf("container_health_state", 'id="/"')).toBe(-1);
  });

  test("a container says since when it has been", async () => {
    const { Created: created, State: state } = await web.api.inspect();
    expect(await valueOf("container_creation_time_seconds", 'name="web"')).toBe(
      Date.parse(created) / 1000,
    );
    expect(await valueOf("container_start_time_seconds", 'name="web"')).toBe(
      Date.parse(state.StartedAt) / 1000,
    );
  });

  test("a plain cgroup was made before its first container, and the machine's at boot", async () => {
    const parent = `id="${engine.cgroupParent}"`;
    const made = await valueOf("container_creation_time_seconds", parent);
    expect(await valueOf("container_start_time_seconds", parent)).toBe(made);
    const { Created: created } = await web.api.inspect();
    expect(made).toBeGreaterThan(Date.parse(created) / 1000 - 60);
    expect(made).toBeLessThan(Date.parse(created) / 1000 + 60);
    const boot = /^btime (\d+)$/m.exec(await readFile("/proc/stat", "utf8"))?.[1];
    const root = await valueOf("container_creation_time_seconds", 'id="/"');
    expect(root).toBeGreaterThanOrEqual(Number(boot) - 1);
  });

  test("only the labels and variables that were asked for are on every series", async () => {
    const own = await lineOf("container_memory_usage_bytes", "web");
    expect(own).toContain('container_label_team="blue"');
    expect(own).toContain('container_env_app_mode="fast"');
    expect(own).not.toContain("container_label_com_example_other");
    expect(await page()).not.toMatch(/secret/i);
    expect(await lineOf("container_info", "web")).toContain(
      'container_label_com_example_other="x"',
    );
  });

  test("how often it was restarted stands on container_info", async () => {
    const failing = await engine.api.createContainer({
      name: "failing",
      Image: "busybox:1",
      Cmd: ["sh", "-c", FAIL_ONCE],
      HostConfig: { NetworkMode: "none", RestartPolicy: { Name: "on-failure" } },
    });
    await failing.start();
    await until("the restart", () =>
      valueOf("container_info", 'name="failing"', 'container_label_restartcount="1"'),
    );
    const other = await lineOf("container_last_seen", "failing");
    expect(other).not.toContain("restartcount");
  });

  test("the versions are those of the kernel and the engine", async () => {
    const { Version: docker } = await engine.api.version();
    const versions = [`kernelVersion="${release()}"`, `dockerVersion="${docker}"`];
    await until("the versions", () => valueOf("cadvisor_version_info", ...versions));
    expect(await valueOf("container_scrape_error")).toBe(0);
    expect(await valueOf("machine_scrape_error")).toBe(0);
  });

  test("the machine's nodes and threads are told", async () => {
    const series = (await page()).split("\n");
    const cores = await valueOf("machine_cpu_cores");
    const threads = series.filter((line) => line.startsWith("machine_thread_siblings_count{"));
    expect(threads).toHaveLength(cores ?? 0);
    expect(series.filter((line) => line.startsWith("machine_node_distance{"))).not.toEqual([]);
  });
});
