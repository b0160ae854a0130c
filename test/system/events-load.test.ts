import { request } from "node:http";

import { afterAll, beforeAll, expect, test } from "vitest";

import { describeWith } from "../testbed/describe-with.ts";
import { type StandInEngine, startStandInEngine } from "../testbed/stand-in-engine.ts";
import { until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { type StartedAgent, startAgent } from "./start-agent.ts";

// The whole of it, with its times, is `npm run bench:events-load`.
const PER_SECOND = 1000;
const SECONDS = 5;
const READERS = 30;
const SILENT = 10;

/** What a reader got: ids, and how often it was told that some are missing. */
interface Reader {
  readonly ids: string[];
  gaps: number;
}

let engine: StandInEngine;
let agent: StartedAgent;
const leaving: (() => void)[] = [];

function follow(isSilent: boolean): Reader {
  const reader: Reader = { ids: [], gaps: 0 };
  const headers = { accept: "text/event-stream" };
  const asking = request(
    `${agent.url}/events?type=paused,resumed`,
    { headers, agent: false },
    (answer) => {
      answer.on("error", () => undefined);
      if (isSilent) {
        answer.pause();
        return;
      }
      let rest = "";
      answer.setEncoding("utf8").on("data", (text: string) => {
        const blocks = (rest + text).split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) {
          if (block.startsWith("event: gap")) reader.gaps++;
          const id = /^id: (.*)$/m.exec(block)?.[1];
          if (id !== undefined) reader.ids.push(id);
        }
      });
    },
  );
  asking.on("error", () => undefined).end();
  leaving.push(() => asking.destroy());
  return reader;
}

const valueOf = async (name: string): Promise<number | undefined> =>
  seriesValue(await ask(`${agent.url}/metrics`), name);

describeWith([], "thousands of events", () => {
  beforeAll(async () => {
    engine = await startStandInEngine();
    agent = await startAgent(`--docker-host=${engine.host}`);
    await agent.program.printed(/container engine connected/);
    await until("the agent to follow", () => engine.followers() > 0);
  });

  afterAll(async () => {
    for (const leave of leaving) leave();
    await agent?.program.close();
    await engine?.close();
  });

  test("reach all who read, each once and in order, whoever reads nothing", async () => {
    const all = Array.from({ length: READERS }, (_none, index) => follow(index < SILENT));
    const subscribers = async (): Promise<boolean> =>
      (await valueOf("plimsoll_agent_events_subscribers")) === READERS;
    await until("all readers", subscribers);
    const told = await engine.tell(PER_SECOND, SECONDS);
    const readers = all.slice(SILENT);
    await until("all to have read all", () => readers.every(({ ids }) => ids.length >= told), {
      timeoutMs: 120_000,
    });
    const [first] = readers;
    expect(first?.ids).toEqual(first?.ids.toSorted());
    expect(new Set(first?.ids).size).toBe(told);
    for (const { ids, gaps } of readers)
      expect({ ids, gaps }).toEqual({ ids: first?.ids, gaps: 0 });
    expect(await valueOf("plimsoll_agent_events_lost_total")).toBe(0);
  }, 180_000);
});
