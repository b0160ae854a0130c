import { afterAll, beforeAll, expect, test } from "vitest";

import type { Event } from "../../wire/events/event.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { openRunFolder } from "../testbed/run-folder.ts";
import { until } from "../testbed/wait.ts";
import { ask } from "./ask.ts";
import { type StartedAgent, startAgent } from "./start-agent.ts";

const SLEEPS = ["sleep", "10000"];

let engine: Engine;
let directory: string;
let agent: StartedAgent;

async function open(): Promise<void> {
  agent = await startAgent(`--docker-host=${engine.host}`, `--events-dir=${directory}`);
}

/** What engines tell of a container, as type and details. */
async function lifeOf(name: string): Promise<Event[]> {
  const answer = await ask(`${agent.url}/events?container=${name}&limit=10000`);
  const { events } = JSON.parse(answer) as { events: Event[] };
  return events.filter(({ type }) => !type.startsWith("cgroup_"));
}

async function typesOf(name: string): Promise<string[]> {
  return (await lifeOf(name)).map(({ type }) => type);
}

/** Waits for a life, and that nothing more is told of it once another's event has come. */
async function expectLife(name: string, types: readonly string[]): Promise<void> {
  const reached = async (): Promise<boolean> => (await typesOf(name)).length >= types.length;
  await until(`the life of ${name}`, reached, {
    log: () => agent.program.stderr(),
  });
  expect(await typesOf(name), name).toEqual(types);
}

/** Everything that was told before the agent answers to this is there then. */
async function settled(): Promise<void> {
  const probe = await engine.run({ name: `probe-${Date.now()}`, cmd: ["true"] });
  await until("a probe", async () => (await typesOf(probe.id)).includes("died"));
  await probe.remove();
}

async function connected(): Promise<void> {
  await until("the engine", async () => {
    const page = await ask(`${agent.url}/metrics`);
    return page.includes('plimsoll_agent_runtime_state{runtime="docker",state="connected"} 1');
  });
}

describeWith(["docker"], "what happens while nobody listens", () => {
  let close: () => Promise<void>;
  beforeAll(async () => {
    engine = await startDocker();
    const run = await openRunFolder();
    directory = `${run.path}/events`;
    close = async () => (await import("../testbed/leftovers.ts")).removeRun(run.name);
    await open();
    await connected();
  });

  afterAll(async () => {
    await agent?.program.close();
    await engine?.close();
    await close?.();
  });

  test("is told once, in order, with its own time, when the agent was killed meanwhile", async () => {
    const seen = await engine.run({ name: "seen", cmd: SLEEPS });
    const stopped = await engine.run({ name: "stopped", cmd: SLEEPS });
    await expectLife("seen", ["created", "started"]);
    await expectLife("stopped", ["created", "started"]);
    await agent.program.kill();
    const killedAt = Date.now();
    await engine.api.getContainer(stopped.id).stop({ t: 0 });
    await seen.remove();
    const unseen = await engine.run({ name: "unseen", cmd: ["sh", "-c", "exit 3"] });
    await engine.api.getContainer(unseen.id).wait();
    await unseen.remove();
    const restartedAt = Date.now();
    await open();
    await connected();
    await settled();
    await expectLife("unseen", ["created", "started", "died", "removed"]);
    await expectLife("seen", ["created", "started", "died", "removed"]);
    await expectLife("stopped", ["created", "started", "died"]);
    const [, , died] = await lifeOf("unseen");
    expect(died?.details).toEqual({ exit_code: 3, exit_class: "crash" });
    expect(Date.parse(died?.time ?? "")).toBeGreaterThanOrEqual(killedAt);
    expect(Date.parse(died?.time ?? "")).toBeLessThanOrEqual(restartedAt);
    expect((await lifeOf("stopped")).at(-1)?.details.exit_class).toBe("planned");
    // Once more: nothing is told twice.
    const before = await typesOf("unseen");
    await agent.program.close();
    await open();
    await connected();
    await settled();
    expect(await typesOf("unseen")).toEqual(before);
    expect(await typesOf("stopped")).toEqual(["created", "started", "died"]);
  });

  test("and what an engine has forgotten is told as far as its list shows it", async () => {
    await engine.run({ name: "orphan", cmd: SLEEPS });
    await expectLife("orphan", ["created", "started"]);
    await engine.die();
    await engine.revive();
    await connected();
    await expectLife("orphan", ["created", "started", "died"]);
    const died = (await lifeOf("orphan")).at(-1);
    expect(died?.details.exit_class).toBeDefined();
    // Removed by an engine that nobody follows, which then forgets it too.
    await agent.program.kill();
    await engine.api.getContainer("orphan").remove({ force: true });
    await engine.die();
    await engine.revive();
    await open();
    await expectLife("orphan", ["created", "started", "died", "removed"]);
    const reason = "not told by its engine, but seen in its list";
    expect((await lifeOf("orphan")).at(-1)?.details).toEqual({ reason });
  });
});
