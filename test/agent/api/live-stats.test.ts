import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { stats } from "../../../agent/api/stats.ts";
import type { StatsAnswer } from "../../../wire/stats/encode.ts";
import type { SampledKernel } from "../sampled-kernel.ts";
import { serveFakeKernel } from "./served.ts";

let kernel: SampledKernel;
const listeners: IncomingMessage[] = [];

beforeEach(async () => {
  kernel = await serveFakeKernel([stats]);
  await kernel.app.listen({ port: 0, host: "127.0.0.1" });
});

afterEach(async () => {
  for (const listener of listeners.splice(0)) listener.destroy();
  await kernel.close();
});

async function listen(
  path: string,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  const { port } = kernel.app.server.address() as AddressInfo;
  const asked = get({ host: "127.0.0.1", port, path, headers, agent: false });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.setEncoding("utf8").on("error", () => undefined);
  listeners.push(response);
  return response;
}

interface Told {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** The events of a stream as they come. */
async function* events(response: IncomingMessage): AsyncGenerator<Told> {
  let text = "";
  for await (const piece of response) {
    const blocks = (text + String(piece)).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const told = Object.fromEntries(
        block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)),
      ) as Record<string, string>;
      if (told["event"] === undefined) continue;
      yield { event: told["event"], id: told["id"]!, data: JSON.parse(told["data"]!) };
    }
  }
}

async function next(told: AsyncGenerator<Told>): Promise<Told> {
  const { value } = (await told.next()) as { value: Told | undefined };
  if (value === undefined) throw new Error("the stream has ended");
  return value;
}

describe("/stats, followed", () => {
  it.each([
    ["/stats?stream=1", {}],
    ["/stats", { accept: "text/event-stream" }],
  ])("%s %o begins with the whole answer", async (path, headers) => {
    const response = await listen(path, headers);
    expect(response.headers["content-type"]).toBe("text/event-stream");
    const { event, id, data } = await next(events(response));
    expect([event, id]).toEqual(["snapshot", "0-2"]);
    const answer = JSON.parse(await kernel.ask("/stats")) as StatsAnswer;
    const byName = (all: StatsAnswer["containers"]): unknown[] =>
      all.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((each) => ({ ...each, window: {} }));
    const { containers, ...head } = data as StatsAnswer;
    expect({ ...head, containers: byName(containers) }).toEqual({
      ...answer,
      containers: byName(answer.containers),
    });
  });

  it("tells what has changed after each pass, and who has gone", async () => {
    const path = "/stats?stream=1&runtime=docker&metrics=cpu_cores,memory_usage_bytes&stat=max";
    const told = events(await listen(path));
    const snapshot = (await next(told)).data as StatsAnswer;
    const [web] = snapshot.containers;
    expect(web).toMatchObject({
      name: "shop-web-1",
      latest: { cpu_cores: expect.any(Number) as unknown },
      window: { cpu_cores: { max: expect.any(Number) as unknown } },
    });
    await kernel.pass();
    expect(await next(told)).toMatchObject({
      event: "update",
      id: "0-3",
      // The container did nothing in this second, and its memory is as it was.
      data: {
        added: [],
        changed: [{ id: web!.id, latest: { time: expect.any(String) as unknown, cpu_cores: 0 } }],
        removed: [],
      },
    });
    kernel.window.remove(web!.id, Date.now(), 4);
    kernel.window.endPass(4, Date.now());
    expect(await next(told)).toMatchObject({
      id: "0-4",
      data: { added: [], changed: [], removed: [web!.id] },
    });
  });

  it("says nothing while nothing changes, and follows one container too", async () => {
    const told = events(await listen("/stats/shop-web-1?stream=1&metrics=memory_usage_bytes"));
    expect((await next(told)).event).toBe("snapshot");
    await kernel.pass();
    await kernel.pass();
    const later = events(await listen("/stats/shop-web-1?stream=1&metrics=memory_usage_bytes"));
    expect((await next(later)).id).toBe("0-4");
    kernel.window.remove("/system.slice", Date.now(), 5);
    kernel.window.endPass(5, Date.now());
    const all = (await next(events(await listen("/stats?stream=1")))).data as StatsAnswer;
    expect(all.containers.map(({ id }) => id)).not.toContain("/system.slice");
  });

  it("refuses too many different queries, but not one that is followed already", async () => {
    for (let limit = 1; limit <= 32; limit++) await listen(`/stats?stream=1&limit=${limit}`);
    expect((await listen("/stats?stream=1&limit=33")).statusCode).toBe(503);
    expect((await listen("/stats?limit=7&stream=1")).statusCode).toBe(200);
    listeners.shift()!.destroy();
    await expect.poll(async () => (await listen("/stats?stream=1&limit=33")).statusCode).toBe(200);
  });

  it("ends with the server", async () => {
    const response = await listen("/stats?stream=1");
    const told = events(response);
    await next(told);
    const [closed] = await Promise.all([kernel.app.close(), told.next()]);
    expect(closed).toBeUndefined();
    expect(response.complete).toBe(true);
  });
});
