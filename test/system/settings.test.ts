import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { agentOptions } from "../../agent/config.ts";
import { doctorOptions } from "../../agent/doctor-options.ts";
import { aggregatorOptions } from "../../aggregator/config.ts";
import { eventsOptions } from "../../commands/events-options.ts";
import { exportOptions } from "../../commands/export-options.ts";
import { topOptions } from "../../commands/top/options.ts";
import { commonOptions, requestOptions } from "../../lib/config/every-command.ts";
import { flagName } from "../../lib/config/spelling.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { openNetwork } from "../testbed/network.ts";
import { type Program, type ProgramOptions, startProgram } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, askStats, seriesValue } from "./ask.ts";
import { NO_CRI } from "./start-agent.ts";

let folder: string;
const programs: Program[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plimsoll-settings-"));
});

afterEach(async () => {
  for (const program of programs.splice(0)) await program.close();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(args: readonly string[], options: ProgramOptions = {}): Promise<Program> {
  const program = await startProgram(args, options);
  programs.push(program);
  return program;
}

/** Starts an agent on a free port; answers it and its address. */
async function startAgent(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<{ program: Program; url: string }> {
  const all = ["agent", "--listen=127.0.0.1:0", "--docker-host=/nowhere", NO_CRI, ...args];
  const program = await start(all, options);
  const [, url = ""] = await program.printed(/agent answers url=(\S+)/);
  return { program, url };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** Runs a command that ends by itself. */
async function runToEnd(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = await startProgram(args, { env });
  try {
    const code = await program.ended();
    return { code, stdout: program.stdout(), stderr: program.stderr() };
  } finally {
    await program.close();
  }
}

/** It ends with exit code 2 and one line that holds each of these words. */
async function expectRefusal(
  args: readonly string[],
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(args, env);
  const what = args.join(" ");
  expect(stderr, what).toMatch(/^plimsoll: [^\n]+\n$/);
  for (const word of words) expect(stderr, what).toContain(word);
  expect({ code, stdout }, what).toEqual({ code: 2, stdout: "" });
  return stderr;
}

describe("a setting that cannot be taken ends in one line", () => {
  test("as a flag", async () => {
    await expectRefusal(["agents"], ["command", '"agents"', "did you mean agent?"]);
    await expectRefusal(["agent", "--listne=x"], ["--listne", '"x"', "did you mean --listen?"]);
    await expectRefusal(["agent", "--interval-seconds=0"], ["interval.seconds", '"0"', "1"]);
    await expectRefusal(["agent", "--window-seconds", "soon"], ["window.seconds", '"soon"']);
    await expectRefusal(["agent", "--node"], ["node", "write --node NAME"]);
    await expectRefusal(["agent", "8180"], ['"8180"', "--NAME VALUE"]);
    await expectRefusal(["agent", "--metrics-enable=gpu"], ["metrics.enable", '"gpu"', "cpu"]);
    await expectRefusal(["agent", "--docker-host=docker"], ["docker.host", "unix:///"]);
    await expectRefusal(["up", "--agent-listen=here"], ["agent.listen", '"here"', "HOST:PORT"]);
  });

  test("as a variable of the environment", async () => {
    const words = ["PLIMSOLL_WINDOW_SECONDS", '"long"'];
    await expectRefusal(["agent"], words, { PLIMSOLL_WINDOW_SECONDS: "long" });
    const meant = ["PLIMSOLL_WINDOW_SECOND", "did you mean PLIMSOLL_WINDOW_SECONDS?"];
    await expectRefusal(["agent"], meant, { PLIMSOLL_WINDOW_SECOND: "60" });
  });

  test("in a file", async () => {
    const refuse = async (text: string, words: readonly string[]): Promise<void> => {
      const path = await file("bad.yaml", text);
      await expectRefusal(["agent", `--config=${path}`], [...words, path]);
    };
    await refuse("node: a\nwindw:\n  seconds: 3\n", ["windw", "line 2", "--help"]);
    await refuse("window:\n  secs: 3\n", ["window.secs", '"3"', "line 2"]);
    await refuse("window.seconds: [1, 2]\n", ["window.seconds", "line 1"]);
    await refuse("node: {\n", ["config", "not YAML"]);
    await refuse("just words\n", ["config", "NAME: VALUE"]);
    const missing = join(folder, "missing.yaml");
    await expectRefusal(["agent", `--config=${missing}`], ["config", missing, "ENOENT"]);
    await expectRefusal(["agent", `--config=${folder}`], ["config", folder, "EISDIR"]);
  });

  test("without showing what is secret in it", async () => {
    const line = await expectRefusal(["aggregator", "--agents=http://me:hush@host:1"], ["agents"]);
    expect(line).not.toContain("hush");
    const unknown = await expectRefusal(["agent", "--api-token=hush"], ["--api-token"]);
    expect(unknown).not.toContain("hush");
  });
});

describe("--help", () => {
  const tables: Record<string, readonly string[]> = {
    agent: Object.keys(agentOptions),
    aggregator: Object.keys(aggregatorOptions),
    up: [
      ...Object.keys(agentOptions).map((name) => `agent.${name}`),
      ...Object.keys(aggregatorOptions).map((name) => `aggregator.${name}`),
    ],
    doctor: Object.keys(doctorOptions),
    events: Object.keys(eventsOptions),
    top: Object.keys(topOptions),
    export: ["history.dir", ...Object.keys(exportOptions)],
  };

  test("lists every command", async () => {
    const { code, stdout, stderr } = await runToEnd(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const commands = [...stdout.matchAll(/^ {2}(\w+) {2,}\S/gm)].map(([, name]) => name);
    expect(new Set(commands)).toEqual(new Set(Object.keys(tables)));
  });

  test.each(Object.keys(tables))("lists every setting of %s", async (command) => {
    const { code, stdout, stderr } = await runToEnd([command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const flags = [...stdout.matchAll(/^ {2}--([\w-]+)/gm)].map(([, name]) => name);
    const inFile = [...stdout.matchAll(/^ {2}([\w.]+) \(in the file only\)/gm)];
    const listed = [...flags, ...inFile.map(([, name = ""]) => flagName(name))];
    const common = [...Object.keys(commonOptions), ...Object.keys(requestOptions)];
    const known = [...tables[command]!, ...common].map(flagName);
    expect(new Set(listed)).toEqual(new Set(known));
  });
});

describeWith(["cgroups"], "settings of a program that runs", () => {
  test("a flag goes before the environment, that before the file, that before the default", async () => {
    const config = `--config=${await file("order.yaml", "node: of-file\nwindow:\n  seconds: 30\n")}`;
    const env = { PLIMSOLL_NODE: "of-environment" };
    const nodeOf = async (args: readonly string[], options?: ProgramOptions): Promise<object> => {
      const { url } = await startAgent(args, options);
      const { node, window_seconds: window } = (await askStats(`${url}/stats?limit=1`)) as Awaited<
        ReturnType<typeof askStats>
      > & { window_seconds: number };
      return { node, window };
    };
    expect(await nodeOf([config])).toEqual({ node: "of-file", window: 30 });
    expect(await nodeOf([config], { env })).toEqual({ node: "of-environment", window: 30 });
    const all = await nodeOf([config, "--node=of-flag"], { env });
    expect(all).toEqual({ node: "of-flag", window: 30 });
    expect(await nodeOf(["--node=of-flag"])).toEqual({ node: "of-flag", window: 60 });
  });

  test("--check-config checks and touches nothing", async () => {
    const { url } = await startAgent([]);
    const taken = `--listen=${new URL(url).host}`;
    const { code, stdout, stderr } = await runToEnd(["agent", taken, "--check-config"]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "The configuration is good.\n",
      stderr: "",
    });
    await expectRefusal(["agent", "--interval-seconds=x", "--check-config"], ["interval.seconds"]);
  });

  test("what the machine cannot give ends in one line too", async () => {
    const { url } = await startAgent([]);
    const taken = new URL(url).host;
    const inUse = [`"${taken}"`, "listen", "another port"];
    await expectRefusal(["agent", `--listen=${taken}`, "--log-level=error"], inUse);
    const history = `--history-dir=${join(folder, "history")}`;
    await expectRefusal(["aggregator", `--listen=${taken}`, history, "--log-level=error"], inUse);
    await expectRefusal(["agent", "--cgroup-root=/nowhere"], ["cgroup.root", '"/nowhere"']);
    const noFolder = await file("no-folder", "");
    await expectRefusal(["aggregator", `--history-dir=${noFolder}`], ["history.dir", noFolder]);
  });

  test("SIGHUP takes a good file, and stays with the old settings at a bad one", async () => {
    const agents = (port: number): string => `agents: [http://127.0.0.1:${port}]\n`;
    const path = await file("reloaded.yaml", agents(1));
    const args = ["aggregator", "--listen=127.0.0.1:0", `--config=${path}`, "--history-kind=none"];
    const program = await start(args);
    const [, url = ""] = await program.printed(/the aggregator answers url=(\S+)/);
    const targets = async (): Promise<string[]> => {
      const answer = JSON.parse(await ask(`${url}/targets`)) as { targets: { url: string }[] };
      return answer.targets.map((target) => target.url);
    };
    const reloads = async (result: string): Promise<number | undefined> =>
      seriesValue(await ask(`${url}/metrics`), "plimsoll_config_reloads_total", [result]);
    expect(await targets()).toEqual(["http://127.0.0.1:1"]);

    await file("reloaded.yaml", "agents: [ftp://nobody]\n");
    program.signal("SIGHUP");
    await until("the failure to be counted", async () => (await reloads("failure")) === 1);
    expect(program.stderr()).toMatch(/error cannot reload; what was in force stays .*ftp:/);
    expect(await targets()).toEqual(["http://127.0.0.1:1"]);

    await file("reloaded.yaml", agents(2));
    program.signal("SIGHUP");
    await until("the new target", async () => (await targets())[0] === "http://127.0.0.1:2");
    expect(await reloads("success")).toBe(1);
    expect(await reloads("failure")).toBe(1);
  });

  test("an agent lives through a bad file as well", async () => {
    const path = await file("agent.yaml", "log.level: info\n");
    const { program, url } = await startAgent([`--config=${path}`]);
    await rm(path);
    program.signal("SIGHUP");
    await program.printed(/cannot reload; what was in force stays .*ENOENT/);
    await file("agent.yaml", "log.level: debug\n");
    program.signal("SIGHUP");
    await program.printed(/settings read again/);
    await ask(`${url}/healthz`);
    await program.printed(/debug answered .*healthz/);
  });

  test("SIGTERM ends it in 5 s although somebody does not take his answer", async () => {
    const { program, url } = await startAgent([]);
    const { hostname, port } = new URL(url);
    const reader = connect(Number(port), hostname).on("error", () => undefined);
    await once(reader, "connect");
    // More than fits into the buffers between the two, of which nobody takes anything out.
    reader.write("GET /metrics HTTP/1.1\r\nHost: agent\r\n\r\n".repeat(1000));
    await until("the first answer", () => reader.bytesRead > 0);
    program.signal("SIGTERM");
    expect(await program.ended(5000)).toBe(0);
    reader.destroy();
  });
});

describeWith(["cgroups", "network"], "listening", () => {
  test("warns once where others can reach it, and not on loopback", async () => {
    const warnings = (program: Program): string[] =>
      program
        .stderr()
        .split("\n")
        .filter((line) => line.includes(" warn "));
    const { program: quiet } = await startAgent([]);
    expect(warnings(quiet)).toEqual([]);
    const network = await openNetwork(1);
    try {
      const { netns, address } = network.hosts[0]!;
      const { program, url } = await startAgent([`--listen=${address}:0`], { netns });
      await program.ready(`${url}/metrics`);
      expect(warnings(program)).toEqual([expect.stringMatching(/anybody .*set listen to/)]);
      await program.close();
    } finally {
      await network.close();
    }
  });
});
