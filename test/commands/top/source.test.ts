import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, describe, expect, it } from "vitest";

import { probe } from "../../../commands/top/ask.ts";
import type { Action } from "../../../commands/top/reduce.ts";
import { Source } from "../../../commands/top/source.ts";
import { request } from "../../../lib/http/client.ts";
import { until } from "../../testbed/wait.ts";
import { answer, container, timeOf } from "./answers.ts";

type Handle = (path: string, request: IncomingMessage, response: ServerResponse) => void;

const open: (() => void)[] = [];

afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** Stands in for an agent or an aggregator, with the answers that docs/api.md describes. */
async function fakeServer(handle: Handle, port = 0): Promise<{ url: string; close: () => void }> {
  const server: HttpServer = createServer((asked, response) => {
    const isStats = (asked.url ?? "").startsWith("/stats?");
    if (isStats) handle(asked.url ?? "", asked, response);
    else response.writeHead(404, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  open.push(close);
  // Whoever listens on TCP has such an address.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(value));
}

const isFollowing = ({ headers }: IncomingMessage): boolean =>
  headers.accept === "text/event-stream";

/** What a source of this server tells. */
async function follow(url: string): Promise<Action[]> {
  const actions: Action[] = [];
  const server = await probe(request, url, AbortSignal.timeout(5000));
  const source = new Source({
    server,
    intervalMs: 50,
    now: () => 0,
    take: (action) => void actions.push(action),
  });
  source.open();
  open.unshift(() => source.close());
  return actions;
}

const many = Array.from({ length: 2000 }, (_, place) =>
  container(`c${place}`, { cpu_cores: place }, { labels: { long: "x".repeat(600) } }),
);

describe("a source", () => {
  it("follows where there is a stream, however large its first message is", async () => {
    const { url } = await fakeServer((_, asked, response) => {
      if (!isFollowing(asked)) return json(response, answer([many[0]!]));
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`event: snapshot\nid: a-1\ndata: ${JSON.stringify(answer(many))}\n\n`);
      const update = { time: timeOf(1), added: [], changed: [], removed: ["/docker/c1"] };
      response.write(`event: update\nid: a-2\ndata: ${JSON.stringify(update)}\n\n`);
    });
    const actions = await follow(url);
    await until("the update", () => actions.some(({ kind }) => kind === "update"));
    const first = actions.find((action) => action.kind === "answer");
    expect(first?.answer).toMatchObject({ containers: { length: 2000 } });
    await until("the window", () => actions.some(({ kind }) => kind === "series"));
  });

  it("asks again and again where there is none, and not for what it knows", async () => {
    const tags: (string | undefined)[] = [];
    const { url } = await fakeServer((_, asked, response) => {
      const tag = asked.headers["if-none-match"];
      tags.push(tag);
      if (tag !== undefined) return void response.writeHead(304).end();
      response.setHeader("etag", '"1"');
      return json(response, answer([many[0]!]));
    });
    const actions = await follow(url);
    await until("it to ask again", () => tags.filter((tag) => tag === '"1"').length > 1);
    expect(actions.filter(({ kind }) => kind === "answer")).toHaveLength(1);
  });

  it("says that nobody answers, and goes on when somebody does", async () => {
    const tell: Handle = (_, __, response) => json(response, answer([many[0]!]));
    const first = await fakeServer(tell);
    const actions = await follow(first.url);
    await until("an answer", () => actions.some(({ kind }) => kind === "answer"));
    first.close();
    const states = (): string[] =>
      actions.flatMap((action) => (action.kind === "connection" ? [action.connection.kind] : []));
    await until("the loss", () => states().length === 1);
    await fakeServer(tell, Number(new URL(first.url).port));
    await until("the return", () => states().length === 2);
    expect(states()).toEqual(["lost", "live"]);
  });

  it("does not take any server for one of ours", async () => {
    const { url } = await fakeServer((_, __, response) => json(response, { hello: "world" }));
    await expect(probe(request, url, AbortSignal.timeout(5000))).rejects.toThrow(
      "is neither an aggregator nor an agent",
    );
  });
});
