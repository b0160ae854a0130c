import { mkdir, readdir, readFile, unlink, writeFile } from "node:fs/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { Journal } from "../../lib/journal/journal.ts";
import { parseSegment } from "../../lib/journal/segment-lines.ts";
import { Segments } from "../../lib/journal/segments.ts";
import type { Logger } from "../../lib/log.ts";
import type { Event, NewEvent } from "../../wire/events/event.ts";
import type { EventLog } from "../../wire/events/log.ts";
import { runToEnd } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { removeRun } from "../testbed/leftovers.ts";
import { openRunFolder, type RunFolder } from "../testbed/run-folder.ts";
import { until } from "../testbed/wait.ts";
import { ask } from "./ask.ts";
import { EventReader } from "./event-reader.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";

const ALL = { start: 0, end: Infinity, after: undefined, limit: 100_000, matches: () => true };

let run: RunFolder;

function numbered(pid: number): NewEvent {
  const time = new Date(1_795_000_000_000 + pid).toISOString();
  return { time, node: "n", type: "oom_kill", details: { pid, process: "x".repeat(200) } };
}

async function eventsOf(url: string): Promise<Event[]> {
  const answer = await ask(`${url}/events?limit=100000`);
  return (JSON.parse(answer) as { events: Event[] }).events;
}

describeWith(["cgroups"], "a disk for events", () => {
  beforeAll(async () => {
    run = await openRunFolder();
  });
  afterAll(async () => removeRun(run.name));

  test("that is full is said once, costs nothing, and is written when there is room", async () => {
    const directory = `${run.path}/small`;
    await mkdir(directory);
    await runToEnd("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", directory]);
    try {
      await writeFile(`${directory}/ballast`, Buffer.alloc(160 << 10));
      const said: unknown[] = [];
      const logger = { warn: (...words: unknown[]) => said.push(words) } as unknown as Logger;
      const limits = { maxEvents: 100_000, maxAge: 1e15, maxBytes: 1e9 };
      const segments = await Segments.open({ directory, ...limits, now: () => 0, logger });
      const log: EventLog = new Journal({ startedAt: 1, segments });
      // Three times as much as there is room for, in several writes.
      for (let pid = 0; pid < 600; pid++) {
        log.append(numbered(pid));
        // oxlint-disable-next-line no-await-in-loop
        if (pid % 50 === 0) await segments.flush();
      }
      await until("the disk to be full", () => segments.state().trouble !== undefined);
      const pids = async (of: EventLog): Promise<unknown[]> =>
        (await of.query(ALL)).map(({ event }) => event.details.pid);
      const everyone = Array.from({ length: 600 }, (_none, pid) => pid);
      expect(await pids(log)).toEqual(everyone);
      expect(segments.state().waiting).toBeGreaterThan(0);
      expect(said).toHaveLength(1);
      await unlink(`${directory}/ballast`);
      await until("all to be written", () => segments.state().waiting === 0);
      expect(segments.state().trouble).toBeUndefined();
      expect(said).toHaveLength(1);
      await segments.close();
      // Not a byte too much or too little: every line is whole, once, and in its place.
      const files = (await readdir(directory)).toSorted();
      const parsed = await Promise.all(
        files.map(async (file) => parseSegment(await readFile(`${directory}/${file}`))),
      );
      expect(parsed.reduce((sum, { broken }) => sum + broken, 0)).toBe(0);
      const texts = parsed.flatMap(({ lines }) => lines.map(({ text }) => text));
      expect(texts.map((text) => (JSON.parse(text) as Event).details.pid)).toEqual(everyone);
    } finally {
      await runToEnd("umount", ["--lazy", directory]);
    }
  });

  test("that another agent writes is left alone", async () => {
    const settings = [NO_ENGINE, `--events-dir=${run.path}/shared`];
    const first = await startAgent(...settings);
    const second = await startAgent(...settings);
    expect(second.program.stderr()).toContain("keeps its events there");
    const [started] = await eventsOf(second.url);
    expect(started).toMatchObject({
      type: "agent_started",
      details: { reason: "events are kept in memory only" },
    });
    await second.program.close();
    const ids = (await eventsOf(first.url)).map(({ id }) => id);
    await first.program.close();
    const third = await startAgent(...settings);
    const later = await eventsOf(third.url);
    expect(later.slice(0, ids.length).map(({ id }) => id)).toEqual(ids);
    expect(later.filter(({ type }) => type === "agent_started")).toHaveLength(2);
    await third.program.close();
  });

  test("with lines that were overwritten loses these alone, and says so", async () => {
    const directory = `${run.path}/overwritten`;
    const first = await startAgent(NO_ENGINE, `--events-dir=${directory}`);
    const before = (await eventsOf(first.url)).length;
    await first.program.close();
    const [file = ""] = await readdir(directory);
    const bytes = await readFile(`${directory}/${file}`);
    const second = bytes.indexOf("\n") + 20;
    bytes.fill("#", second, second + 10);
    await writeFile(`${directory}/${file}`, bytes);
    const again = await startAgent(NO_ENGINE, `--events-dir=${directory}`);
    expect(again.program.stderr()).toContain("were damaged");
    const page = await ask(`${again.url}/metrics`);
    expect(page).toContain("plimsoll_agent_events_broken_lines_total 1\n");
    const types = (await eventsOf(again.url)).map(({ type }) => type);
    expect(types.filter((type) => type === "agent_started")).toHaveLength(2);
    expect(types.length).toBeGreaterThanOrEqual(before - 1);
    await again.program.close();
  });

  test("does not matter to who resumes at an id of the future, or of another node", async () => {
    const { program, url } = await startAgent(NO_ENGINE, "--events-dir=");
    for (const id of ["zzzzzzzzz-0000001", "000000001-0000001"]) {
      // oxlint-disable-next-line no-await-in-loop
      const reader = await EventReader.open(`${url}/events`, id);
      // oxlint-disable-next-line no-await-in-loop
      await until("the gap", () => reader.others.some(({ event }) => event === "gap"), {
        log: () => JSON.stringify([reader.others, reader.events.length]),
      });
      // oxlint-disable-next-line no-await-in-loop
      await reader.leave();
    }
    await program.close();
  });
});
