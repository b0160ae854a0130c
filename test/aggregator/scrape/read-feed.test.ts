import { Readable } from "node:stream";

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { ScrapeError } from "../../../aggregator/scrape/failure.ts";
import { createReadFeed } from "../../../aggregator/scrape/read-feed.ts";
import { type FakeAgent, FakeNode, type Misbehave, startFakeAgent } from "../fakes/agent.ts";
import { containerOf } from "../fakes/samples.ts";

const { signal } = new AbortController();
const FEED = "application/x-ndjson";

let agent: FakeAgent;
beforeAll(async () => {
  const node = new FakeNode("n1", Date.parse("2026-01-01T00:00:00Z"));
  node.add(containerOf("/a"), (tick) => ({ threads: tick }));
  node.pass(10);
  agent = await startFakeAgent(node);
});
afterAll(() => agent.cut());
beforeEach(() => {
  agent.misbehave = undefined;
});

/** The reason and message with which asking fails. */
async function failure(timeoutMs = 5000): Promise<string> {
  try {
    await createReadFeed(timeoutMs)(agent.url, undefined, signal);
    return "none";
  } catch (error) {
    if (error instanceof ScrapeError) return `${error.reason}: ${error.message}`;
    throw error;
  }
}

test("asks for what is new since a cursor", async () => {
  const read = createReadFeed(5000);
  const all = await read(agent.url, undefined, signal);
  const some = await read(agent.url, "run1-7", signal);
  expect(all.lines[0]!.ticks).toHaveLength(10);
  expect(some.lines[0]!.ticks).toHaveLength(3);
  expect(agent.node.asked.slice(-2)).toEqual([undefined, "run1-7"]);
});

/** Sends this without an end. */
function endless(piece: string): Misbehave {
  return (reply) => reply.type(FEED).send(Readable.from(forever(piece)));
}

function* forever(piece: string): Iterable<string> {
  while (true) yield piece;
}

/** A feed as it should be. */
function whole(): string {
  return agent.node.feed(undefined).join("");
}

describe("what an agent may answer instead", () => {
  const answers: readonly (readonly [string, Misbehave, string])[] = [
    ["an error", (reply) => reply.code(500).send("no"), "status: answers with status 500"],
    ["a redirect", (reply) => reply.redirect("/elsewhere"), "status: answers with status 302"],
    ["nothing", (reply) => reply.code(204).send(), "status: answers with status 204"],
    [
      "a page",
      (reply) => reply.type("text/html").send("<!doctype html>"),
      "not_a_feed: answers text/html, which is no feed; is this an agent?",
    ],
    [
      "a page that calls itself a feed",
      (reply) => reply.type(FEED).send("<!doctype html>\n"),
      "not_a_feed: a line of the answer is not JSON",
    ],
    [
      "noise",
      (reply) => reply.type(FEED).send(Buffer.from([0, 255, 10, 200, 13, 10])),
      "not_a_feed: a line of the answer is not JSON",
    ],
    ["an empty feed", (reply) => reply.type(FEED).send(""), "cut: the answer ends before"],
    [
      "half a feed",
      (reply) => reply.type(FEED).send(whole().slice(0, -20)),
      "cut: the answer breaks off in a line",
    ],
    [
      "packed noise",
      (reply) => reply.type(FEED).header("content-encoding", "gzip").send("not gzip"),
      "unreachable: cannot GET http://127.0.0.1:",
    ],
    [
      "a line without an end",
      endless("x".repeat(100_000)),
      "too_large: cannot read a line of more than 4194304 bytes",
    ],
    [
      "another version",
      (reply) => reply.type(FEED).send(whole().replace('"feed":1', '"feed":99')),
      "version: the agent speaks version 99 of the feed, this aggregator version 1",
    ],
  ];

  test.for(answers)("%s", async ([, misbehave, message]) => {
    agent.misbehave = misbehave;
    expect(await failure()).toContain(message);
    agent.misbehave = undefined;
    expect(await failure()).toBe("none");
  });

  test("lines without an end", async () => {
    const line = agent.node.feed(undefined)[1]!;
    agent.misbehave = endless(agent.node.feed(undefined)[0]! + line.repeat(10));
    // The head comes again where a container should: the first piece is refused already.
    expect(await failure()).toMatch(/^not_a_feed: /);
  });

  test("a connection that breaks off", async () => {
    agent.misbehave = (reply) => {
      reply.raw.writeHead(200, { "content-type": FEED, "content-length": "100000" });
      reply.raw.write(whole().slice(0, 50));
      setTimeout(() => reply.raw.destroy(), 5);
      return reply.hijack();
    };
    expect(await failure()).toMatch(/^unreachable: cannot GET http/);
  });

  test("nothing at all, for a long time", async () => {
    agent.misbehave = (reply) => reply.hijack();
    expect(await failure(50)).toBe("timeout: no whole answer within 0.05 s");
  });

  test("a head, and then nothing for a long time", async () => {
    agent.misbehave = (reply) => {
      reply.raw.writeHead(200, { "content-type": FEED });
      reply.raw.write(agent.node.feed(undefined)[0]);
      return reply.hijack();
    };
    expect(await failure(50)).toBe("timeout: no whole answer within 0.05 s");
  });

  test("nobody there", async () => {
    await agent.cut();
    expect(await failure()).toMatch(/^unreachable: cannot GET .*ECONNREFUSED/);
    await agent.heal();
    expect(await failure()).toBe("none");
  });
});

test("ends when the program does", async () => {
  agent.misbehave = (reply) => reply.hijack();
  const stop = new AbortController();
  const reading = createReadFeed(60_000)(agent.url, undefined, stop.signal);
  setTimeout(() => stop.abort(), 20);
  await expect(reading).rejects.toThrow(ScrapeError);
});
