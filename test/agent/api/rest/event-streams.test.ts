import { get, type IncomingMessage } from "node:http";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { rest } from "../../../../agent/api/rest/rest.ts";
import type { EventDetails, EventType } from "../../../../wire/events/event.ts";
import type { EventLog } from "../../../../wire/events/log.ts";
import { type SampledKernel, sampleFakeKernel } from "../../sampled-kernel.ts";

const NOW = Date.parse("2026-11-21T06:00:00Z");

let kernel: SampledKernel;
let log: EventLog;
let base: string;

beforeEach(async () => {
  kernel = await sampleFakeKernel("cgroup-v1", [
    (app, view) => {
      log = view.rest.events;
      rest(app, view);
    },
  ]);
  base = await kernel.app.listen({ host: "127.0.0.1", port: 0 });
});

afterEach(() => kernel.close());

function open(query: string, path = ""): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${base}/api/v1.3/events${path}?stream=true&${query}`, resolve).on("error", reject);
  });
}

/** The next lines of a stream that say something. */
async function lines(stream: IncomingMessage, count: number): Promise<unknown[]> {
  let text = "";
  for await (const chunk of stream) {
    text += String(chunk);
    const found = text
      .split("\n")
      .slice(0, -1)
      .filter((line) => line !== "");
    if (found.length >= count) return found.map((line) => JSON.parse(line) as unknown);
  }
  throw new Error(`the stream ended with ${text}`);
}

function happen(type: EventType, cgroup: string, details: EventDetails = {}, time = NOW): void {
  const container = { id: cgroup, name: cgroup, labels: {}, groups: {} };
  log.append({ time: new Date(time).toISOString(), node: "host-1", type, container, details });
}

describe("a stream of events", () => {
  it("begins at once, and has each event that is wanted as a line", async () => {
    const stream = await open("oom_kill_events=true&subcontainers=true", "/a");
    expect(stream.headers["content-type"]).toBe("application/json");
    happen("oom_kill", "/b");
    happen("started", "/a");
    happen("oom_kill", "/ab");
    happen("oom_kill", "/a/b", { pid: 7, process: "<x>", oom_cgroup: "/a" });
    happen("oom_kill", "/a");
    expect(await lines(stream, 2)).toEqual([
      {
        container_name: "/a/b",
        timestamp: "2026-11-21T06:00:00Z",
        event_type: "oomKill",
        event_data: { oom: { pid: 7, process_name: "<x>", constraint: "" } },
      },
      expect.objectContaining({ container_name: "/a", event_data: {} }),
    ]);
    stream.destroy();
  });

  it("does not wait for one who takes nothing, and cuts that one off", async () => {
    const slow = await open("all_events=true&subcontainers=true");
    slow.pause();
    const ended = new Promise((resolve) => slow.once("close", resolve));
    slow.on("error", () => undefined);
    const quick = await open("creation_events=true&subcontainers=true");
    const name = `/${"x".repeat(4000)}`;
    for (let count = 0; count < 5000; count++) happen("oom_kill", name);
    happen("cgroup_found", "/end");
    expect(await lines(quick, 1)).toMatchObject([{ container_name: "/end" }]);
    quick.destroy();
    // What had been sent before is there to be taken, and nothing after it.
    slow.resume();
    await ended;
    expect(slow.complete).toBe(false);
  });

  it("is refused to the hundred and first, and free again when one leaves", async () => {
    const streams = await Promise.all(Array.from({ length: 100 }, () => open("all_events=true")));
    const refused = await open("all_events=true");
    expect(refused.statusCode).toBe(503);
    refused.resume();
    const gone = new Promise((resolve) => streams[0]!.once("close", resolve));
    streams[0]!.destroy();
    await gone;
    await expect
      .poll(async () => {
        const again = await open("all_events=true");
        again.destroy();
        return again.statusCode;
      })
      .toBe(200);
    for (const stream of streams) stream.destroy();
  });

  it("ends when the server does", async () => {
    const stream = await open("all_events=true");
    const ended = new Promise((resolve) => stream.once("end", resolve));
    stream.resume();
    await kernel.app.close();
    await ended;
  });
});

describe("events of the past", () => {
  async function ask(query: string, path = ""): Promise<{ container_name: string }[]> {
    return JSON.parse(await kernel.ask(`/api/v2.0/events${path}?${query}`)) as {
      container_name: string;
    }[];
  }

  it("are the newest ten of those that were asked for, by their time", async () => {
    for (let count = 0; count < 20; count++) {
      happen("oom_kill", "/a", {}, NOW - count);
    }
    for (let count = 0; count < 50; count++) happen("oom_kill", "/b");
    const found = await ask("oom_events=true", "/a");
    // The filter comes before the limit: however much happens elsewhere.
    expect(found).toHaveLength(10);
    expect(found.every(({ container_name: name }) => name === "/a")).toBe(true);
    expect(await ask("oom_events=true&max_events=-1", "/a")).toHaveLength(20);
    expect(await ask("oom_events=true&max_events=0", "/a")).toEqual([]);
    // A kill is two of its events: of the cgroup without memory, and of the victim.
    expect(await ask("all_events=true&max_events=-1", "/b")).toHaveLength(100);
  });

  it("are none if no type is asked for", async () => {
    happen("oom_kill", "/a");
    expect(await ask("subcontainers=true")).toEqual([]);
    expect(await ask("creation_events=true")).toHaveLength(1);
  });

  it("lie between two times", async () => {
    for (const time of [NOW - 1000, NOW, NOW + 1000]) happen("oom_kill", "/a", {}, time);
    const query = "all_events=true&start_time=2026-11-21T06:00:00Z&end_time=2026-11-21T06:00:00Z";
    const at = { timestamp: "2026-11-21T06:00:00Z" };
    expect(await ask(query, "/a")).toMatchObject([at, at]);
  });
});
