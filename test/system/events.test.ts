import { writeFile } from "node:fs/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Event, EventType } from "../../wire/events/event.ts";
import { pause } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { EventReader } from "./event-reader.ts";
import { startAgent } from "./start-agent.ts";

const MEMORY = 16 << 20;
/** Takes more memory than there is. */
const GREEDY = ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"];
const SLEEPS = ["sleep", "10000"];

let engine: Engine;
let program: Program;
let agent: string;

async function ask(query: string): Promise<Event[]> {
  const response = await fetch(`${agent}/events?${query}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { events: Event[] }).events;
}

/** Waits until an event of a container has been told. */
function told(container: string, type: EventType, query = ""): Promise<Event> {
  const find = async (): Promise<Event | undefined> =>
    (await ask(`container=${container}&type=${type}&${query}`)).at(-1);
  return until(`${type} of ${container}`, find, { log: () => program.stderr() });
}

const typesOf = (events: readonly Event[]): EventType[] => events.map(({ type }) => type);

describeWith(["docker"], "what happens to containers", () => {
  beforeAll(async () => {
    engine = await startDocker();
    ({ program, url: agent } = await startAgent(`--docker-host=${engine.host}`, "--node=host-1"));
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
  });

  test("is told from its creation to its removal, in order and with who it was", async () => {
    const { id } = await engine.run({ name: "lives", cmd: SLEEPS, labels: { team: "a" } });
    const container = engine.api.getContainer(id);
    await pause(container);
    await container.unpause();
    await container.rename({ name: "lived" });
    await container.update({ PidsLimit: 77 });
    const updated = await told("lived", "limits_updated");
    expect(updated.details.limits?.pids).toBe(77);
    await container.restart({ t: 0 });
    await container.stop({ t: 0 });
    await container.remove();
    await told(id, "removed");
    const life = (await ask(`container=${id}&label=team=a`)).filter(
      ({ type }) => !type.startsWith("cgroup_") && type !== "limits_updated",
    );
    expect(typesOf(life)).toEqual([
      "created",
      "started",
      "paused",
      "resumed",
      "renamed",
      "died",
      "started",
      "restarted",
      "died",
      "removed",
    ]);
    expect(life.find(({ type }) => type === "renamed")?.details).toEqual({
      from: "lives",
      to: "lived",
    });
    expect(life.at(-1)).toMatchObject({
      node: "host-1",
      container: { container_id: id, name: "lived", image: "busybox:1", runtime: "docker" },
    });
    expect(life.map(({ id: each }) => each)).toEqual(life.map(({ id: each }) => each).toSorted());
  });

  test.each([
    ["ends well", ["true"], { exit_code: 0, exit_class: "completed" }],
    ["fails", ["sh", "-c", "exit 3"], { exit_code: 3, exit_class: "crash" }],
    [
      "crashes",
      ["sh", "-c", "sh -c 'kill -SEGV $$'; exit $?"],
      { exit_code: 139, signal: 11, exit_class: "crash" },
    ],
    ["has no memory", GREEDY, { exit_code: 137, signal: 9, exit_class: "oom" }],
  ])("says why it ended: one that %s", async (name, cmd, details) => {
    const container = name.replaceAll(" ", "-");
    await engine.run({ name: container, cmd, memoryBytes: MEMORY });
    expect((await told(container, "died")).details).toEqual(details);
  });

  test("has a kill for the lack of memory, and the minute before", async () => {
    const script = `x=$(head -c 3000000 /dev/zero | tr '\\0' x); sleep 3; ${GREEDY.join(" ")}; sleep 1000`;
    const cmd = ["sh", "-c", script];
    const { id } = await engine.run({ name: "hungry", cmd, memoryBytes: MEMORY });
    const kill = await told("hungry", "oom_kill", "moments=true");
    expect(kill.container).toMatchObject({ container_id: id, name: "hungry" });
    const { times = [], values = {} } = kill.moments ?? {};
    expect(times.length).toBeGreaterThanOrEqual(2);
    // The shell's own three megabytes at least, and never more than it may have.
    const memory = values["memory_usage_bytes"] ?? [];
    expect(memory).toHaveLength(times.length);
    expect(Math.max(...memory.map(Number))).toBeGreaterThan(3_000_000);
    expect(Math.max(...memory.map(Number))).toBeLessThanOrEqual(MEMORY);
    expect((await told("hungry", "oom_kill")).moments).toBeUndefined();
  });

  test("reaches who follows, who goes on where he left off after the agent was killed", async () => {
    const reader = await EventReader.open(`${agent}/events?type=created,removed`);
    const one = await engine.run({ name: "one", cmd: SLEEPS });
    await reader.has(1);
    await reader.leave();
    await one.remove();
    await engine.run({ name: "two", cmd: SLEEPS });
    await told("two", "created");
    const again = await EventReader.open(`${agent}/events?type=created,removed`, reader.lastId);
    await again.has(2);
    expect(again.events.map(({ type, container }) => [type, container?.name])).toEqual([
      ["removed", "one"],
      ["created", "two"],
    ]);
    await again.leave();
  });

  test("survives the agent, and a log that was cut", async () => {
    const before = await ask("limit=100000");
    const directory = `${program.folder}/kept`;
    const settings = [`--docker-host=${engine.host}`, `--events-dir=${directory}`];
    const first = await startAgent(...settings);
    const list = async (url: string): Promise<Event[]> =>
      ((await (await fetch(`${url}/events?limit=100000`)).json()) as { events: Event[] }).events;
    const { id } = await engine.run({ name: "kept", cmd: ["true"] });
    await until("its end", async () =>
      (await list(first.url)).some(
        ({ type, container }) => type === "died" && container?.container_id === id,
      ),
    );
    const told1 = await list(first.url);
    await first.program.kill();
    const { readdir, readFile } = await import("node:fs/promises");
    const [file = ""] = await readdir(directory);
    const path = `${directory}/${file}`;
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, whole.length - 20));
    const second = await startAgent(...settings);
    const told2 = await list(second.url);
    // All but the one that was cut, and what has happened since has greater ids.
    expect(told2.slice(0, told1.length - 1)).toEqual(told1.slice(0, -1));
    expect(told2.length).toBeGreaterThan(told1.length - 1);
    expect(second.program.stderr()).toContain("were damaged");
    expect(before.length).toBeGreaterThan(0);
    await second.program.close();
  });

  test("is refused with the parameter's name where the question is wrong", async () => {
    for (const query of [
      "type=dead",
      "since=yesterday",
      "limit=0",
      "label==x",
      "after=..",
      "nothing=1",
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await fetch(`${agent}/events?${query}`);
      expect(response.status, query).toBe(400);
      expect(await response.text()).toContain(query.split("=")[0]);
    }
  });
});
