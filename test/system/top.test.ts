import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { bytesText, coresText } from "../../commands/top/units.ts";
import { burnCpu, type Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { cliPath, type Program, startProgram } from "../testbed/program.ts";
import { openTerminal, type Terminal } from "../testbed/terminal.ts";
import { until } from "../testbed/wait.ts";
import { ask, askContainer } from "./ask.ts";
import { NO_CRI } from "./start-agent.ts";

const SHOP = { "com.docker.compose.project": "shop", "com.docker.compose.service": "burner" };
const SLEEPS = ["sleep", "10000"];

let engine: Engine;
let agent: Program;
let aggregator: Program;
let agentListen: string;
let agentUrl: string;
let aggregatorUrl: string;
let burner: Container;
let terminal: Terminal | undefined;

async function startAgentAgain(): Promise<void> {
  agent = await startProgram([
    "agent",
    `--listen=${agentListen}`,
    `--docker-host=${engine.host}`,
    "--node=host-1",
    NO_CRI,
  ]);
  await agent.ready(`${agentUrl}/-/ready`);
}

/** A shell that shows what was before and what is after, with the modes of the terminal. */
async function open(args: string, size = { columns: 150, rows: 24 }): Promise<Terminal> {
  const top = `${process.execPath} ${cliPath} top ${args}`;
  const script = `echo BEFORE; stty -g > modes; ${top}; echo "AFTER $?"; stty -g | cmp - modes && echo SAME; exec sleep 1000`;
  terminal = await openTerminal(script, size);
  return terminal;
}

/** It has ended with this code, and all is as it was. */
async function isRestored(on: Terminal, code: number): Promise<void> {
  const text = await on.shows(/SAME/);
  expect(text).toMatch(new RegExp(`^BEFORE\\n[^]*AFTER ${code}\\n[^]*SAME`));
  expect(text).not.toContain("CONTAINER");
}

const lineOf = (screen: string, name: string): string =>
  screen.split("\n").find((line) => line.includes(name)) ?? "";

/** Unix seconds of the clock in the first line; of the last 24 hours. */
function clockOf(screen: string): number {
  const [, clock = ""] = /(\d\d:\d\d:\d\d) HELD/.exec(screen) ?? [];
  const now = new Date();
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(":").map(Number);
  const at = new Date(now.getFullYear(), now.getMonth(), now.getDate(), hours, minutes, seconds);
  return (at > now ? at.getTime() - 86_400_000 : at.getTime()) / 1000;
}

describeWith(["docker", "terminal"], "top", () => {
  beforeAll(async () => {
    engine = await startDocker();
    const aggregatorListen = `127.0.0.1:${await freePort()}`;
    agentListen = `127.0.0.1:${await freePort()}`;
    [agentUrl, aggregatorUrl] = [`http://${agentListen}`, `http://${aggregatorListen}`];
    await startAgentAgain();
    aggregator = await startProgram([
      "aggregator",
      `--listen=${aggregatorListen}`,
      `--agents=${agentUrl}`,
      "--scrape-interval=1s",
      "--history-kind=none",
    ]);
    burner = await engine.run({
      name: "burner",
      cmd: burnCpu,
      cpus: 0.4,
      memoryBytes: 64 << 20,
      labels: SHOP,
    });
    await engine.run({ name: "sleeper", cmd: SLEEPS });
    for (const url of [agentUrl, aggregatorUrl]) {
      // oxlint-disable-next-line no-await-in-loop
      await until("both to be known", async () => {
        const { latest } = (await askContainer(url, "burner")) ?? {};
        return latest?.["cpu_cores"] !== undefined && (await askContainer(url, "sleeper"));
      });
    }
  });

  afterEach(async () => {
    await terminal?.close();
    terminal = undefined;
  });

  afterAll(async () => {
    await aggregator?.close();
    await agent?.close();
    await engine?.close();
  });

  test.each([
    ["an agent", (): string => agentUrl],
    ["an aggregator", (): string => aggregatorUrl],
  ])("shows what /stats of %s has for that second", async (_, url) => {
    const on = await open(`--url=${url()}`);
    await on.shows(/burner .*running .* \d\.\d\d +[\d.]+%/);
    await on.press("Space");
    const held = await on.shows(/\d HELD/);
    const clock = clockOf(held);
    const { containers } = JSON.parse(
      await ask(
        `${url()}/stats/burner?step=1s&stat=max&metrics=cpu_cores,memory_working_set_bytes`,
      ),
    );
    const { times, values } = containers[0].series;
    const samples: string[] = times.flatMap((time: number, place: number) => {
      if (Math.abs(time - clock) > 2) return [];
      const cores = coresText(values.cpu_cores.max[place]);
      return [`${cores} ${bytesText(values.memory_working_set_bytes.max[place])}`];
    });
    const [, cores, memory] =
      /(\d\.\d\d) +[\d.]+%.* (\S+) +64\.0M/.exec(lineOf(held, "burner")) ?? [];
    expect(samples).toContain(`${cores} ${memory}`);
    expect(lineOf(held, "sleeper")).toMatch(/running .* 0\.00 /);
    await on.press("q");
    await isRestored(on, 0);
  });

  test("does what its keys say, and fits every size", async () => {
    const on = await open(`--url=${agentUrl} --sort=name`);
    const byName = await on.shows(/burner[^]*sleeper/);
    expect(byName).toContain("CONTAINER▲");
    await on.press("r");
    await on.shows(/sleeper[^]*burner/);
    await on.press("g");
    await on.shows(/▾ shop \(1\)[^]*▾ in none \(1\)/);
    await on.press("g", "g", "g", "g", "r");
    await on.showsNo(/▾/);
    await on.type("/slp");
    await on.shows(/filter: slp/);
    await on.showsNo(/burner/);
    await on.press("Escape");
    await on.shows(/burner/);
    await on.press("e");
    await on.shows(/EVENTS/);
    const late = await engine.run({ name: "late", cmd: SLEEPS });
    await on.shows(/EVENTS[^]*started late/);
    await late.remove();
    await on.shows(/EVENTS[^]*removed late/);
    await on.press("Home", "Enter");
    const detail = await on.shows(/burner {2}host-1 {2}docker {2}running[^]*⣿[^]*started burner/);
    expect(detail).toMatch(/compose_project shop|limits +cpu 0\.40, memory 64\.0M/);
    await on.press("Escape");
    await on.shows(/^CONTAINER▲.* NET RX/m);
    await on.resize(60, 12);
    await on.showsNo(/NET RX/);
    await on.shows(/^CONTAINER▲ .*CPU .*MEM[^]*burner .*[\d.]+%/m);
    await on.resize(170, 30);
    await on.shows(/DISK W +PIDS/);
    await on.press("?");
    await on.shows(/^Keys/m);
    await on.press("x", "C-c");
    await isRestored(on, 0);
  });

  test("goes on when its server is away and back, and when a container goes", async () => {
    const mortal = await engine.run({ name: "mortal", cmd: SLEEPS });
    const on = await open(`--url=${agentUrl} --filter=mortal`);
    await on.shows(/mortal .*running/);
    await on.press("Enter");
    await on.shows(/mortal {2}host-1/);
    await mortal.remove();
    await on.shows(/mortal .*gone since \d\d:/);
    await on.press("Escape", "Escape");
    await on.shows(/burner/);
    await agent.close();
    const lost = await on.shows(/LOST/);
    expect(lost).toContain(`No answer from ${agentUrl}; it is tried again.`);
    expect(lost).toContain("burner");
    await startAgentAgain();
    await on.shows(/live[^]*burner .*running/);
    process.kill(await on.child(), "SIGTERM");
    await isRestored(on, 0);
  });

  test("writes once where nobody looks on", async () => {
    const once = async (...args: string[]): Promise<string> => {
      const program = await startProgram(["top", ...args]);
      expect(await program.ended(), program.stderr()).toBe(0);
      await program.close();
      return program.stdout();
    };
    const told = JSON.parse(
      await once(`--url=${agentUrl}`, "--once", "--format=json", "--sort=name"),
    );
    const known = await askContainer(agentUrl, "burner");
    expect(told.containers.map(({ name }: { name: string }) => name)).toEqual([
      "burner",
      "sleeper",
    ]);
    expect(told.containers[0]).toMatchObject({
      node: "host-1",
      id: known?.id,
      container_id: burner.id,
      image: known?.image,
      state: "running",
      limits: known?.limits,
      groups: known?.groups,
    });
    expect(told.containers[0].latest.cpu_cores).toBeLessThan(0.6);
    const table = await once(`--url=${agentUrl}`, "--limit=1", "--group=compose_project");
    expect(table).toMatch(/^CONTAINER[^\n]*\n▾ shop \(1\)[^\n]*\n {2}burner [^\n]*\n$/);
    const fleet = await once(`--url=${aggregatorUrl}`, "--format=csv", "--filter=sleep");
    expect(fleet).toMatch(/^time,node,id[^\n]*\r\n[^,]+,host-1,[^\n]*,sleeper,[^\n]*\r\n$/);
  });

  test("says whom it has asked where nobody answers", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const program = await startProgram(["top", `--url=${url}`]);
    expect(await program.ended()).toBe(1);
    expect(program.stderr()).toMatch(/^plimsoll: nobody to ask at [^\n]+\n$/);
    expect(program.stderr()).toContain(`${url}; start one with \`plimsoll up\``);
    await program.close();
  });
});
