import { afterAll, beforeAll, expect, test } from "vitest";

import type { Event } from "../../wire/events/event.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { removeRun } from "../testbed/leftovers.ts";
import { type PodmanEngine, startPodman } from "../testbed/podman.ts";
import { openRunFolder, type RunFolder } from "../testbed/run-folder.ts";
import { until } from "../testbed/wait.ts";
import { ask } from "./ask.ts";
import { NO_ENGINE, type StartedAgent, startAgent } from "./start-agent.ts";

const SLEEPS = ["sleep", "10000"];

let podman: PodmanEngine;
let run: RunFolder;
let agent: StartedAgent;

async function open(): Promise<void> {
  const directory = `--events-dir=${run.path}/events`;
  agent = await startAgent(NO_ENGINE, `--podman-host=${podman.host}`, directory);
  const connected = 'plimsoll_agent_runtime_state{runtime="podman",state="connected"} 1';
  await until("Podman", async () => (await ask(`${agent.url}/metrics`)).includes(connected), {
    timeoutMs: 60_000,
    log: () => agent.program.stderr(),
  });
}

async function lifeOf(name: string): Promise<Event[]> {
  const answer = await ask(`${agent.url}/events?container=${name}&limit=10000`);
  const { events } = JSON.parse(answer) as { events: Event[] };
  return events.filter(({ type }) => !type.startsWith("cgroup_"));
}

async function typesOf(name: string): Promise<string[]> {
  return (await lifeOf(name)).map(({ type }) => type);
}

async function expectLife(name: string, types: readonly string[]): Promise<void> {
  const reached = async (): Promise<boolean> => (await typesOf(name)).length >= types.length;
  await until(`the life of ${name}`, reached, {
    timeoutMs: 60_000,
    log: () => agent.program.stderr(),
  });
  expect(await typesOf(name), name).toEqual(types);
}

/** Everything that was told before the agent answers to this is there then. */
async function settled(): Promise<void> {
  const probe = await podman.run({ name: `probe-${Date.now()}`, cmd: ["true"] });
  await until("a probe", async () => (await typesOf(probe.id)).includes("died"), {
    timeoutMs: 60_000,
  });
  await probe.remove();
}

describeWith(["podman"], "what Podman does while nobody listens", () => {
  beforeAll(async () => {
    podman = await startPodman();
    run = await openRunFolder();
    await open();
  }, 180_000);

  afterAll(async () => {
    await agent?.program.close();
    await podman?.close();
    if (run !== undefined) await removeRun(run.name);
  }, 120_000);

  test("is told once, in order, with its own time", async () => {
    const seen = await podman.run({ name: "seen", cmd: SLEEPS });
    await expectLife("seen", ["created", "started"]);
    await agent.program.kill();
    const killedAt = Date.now();
    await seen.remove();
    const unseen = await podman.run({ name: "unseen", cmd: ["sh", "-c", "exit 3"] });
    await unseen.api.wait();
    await unseen.remove();
    const restartedAt = Date.now();
    await open();
    await settled();
    await expectLife("unseen", ["created", "started", "died", "removed"]);
    // Podman tells nothing of the kill, so that its end waits for the kernel's word.
    const types = ["created", "died", "removed", "started"];
    await until("the end of seen", async () => (await typesOf("seen")).length >= types.length, {
      timeoutMs: 60_000,
    });
    expect((await typesOf("seen")).toSorted()).toEqual(types);
    const [, , died] = await lifeOf("unseen");
    expect(died?.details).toEqual({ exit_code: 3, exit_class: "crash" });
    // Podman's log has seconds.
    expect(Date.parse(died?.time ?? "")).toBeGreaterThanOrEqual(killedAt - 1000);
    expect(Date.parse(died?.time ?? "")).toBeLessThanOrEqual(restartedAt);
  }, 240_000);

  test("and not again after one more restart, nor after its service was away", async () => {
    const before = await typesOf("unseen");
    await agent.program.close();
    await open();
    await settled();
    expect(await typesOf("unseen")).toEqual(before);
    await podman.die();
    await podman.revive();
    await settled();
    expect(await typesOf("unseen")).toEqual(before);
    expect(await typesOf("seen")).toHaveLength(4);
  }, 240_000);
});
