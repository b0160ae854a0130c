import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, describe, expect, test } from "vitest";

import type { Discovery, TargetGroup } from "../../../aggregator/discovery/discovery.ts";
import { httpSdConfigs } from "../../../aggregator/discovery/http.ts";
import { Fields } from "../../../lib/config/fields.ts";
import { discoveryContext, discoveryKeepsItsPromises, type Place } from "./suite.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

const said =
  (body: unknown): Answer =>
  (_, response) =>
    void response.writeHead(200, JSON_TYPE).end(JSON.stringify(body));

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A service whose answer can be changed. */
async function serve(first: Answer): Promise<{ port: number; answer: Answer; close(): void }> {
  const service = { port: 0, answer: first, close: () => void server.close() };
  const server = createServer((request, response) => service.answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  service.port = (server.address() as AddressInfo).port;
  service.close = () => {
    server.close();
    server.closeAllConnections();
  };
  return service;
}

const SECRETS = ["pass-in-url", "pass-in-auth", "token-in-query"];

async function openPlace(): Promise<Place> {
  const service = await serve(said([]));
  const config = {
    url: `http://user:pass-in-url@127.0.0.1:${service.port}/list?token=token-in-query`,
    refresh_interval: "50ms",
    basic_auth: { username: "me", password: "pass-in-auth" },
  };
  return {
    create: (context) => httpSdConfigs.parse(new Fields(config, "[0]"))(context),
    show: (targets) => void (service.answer = said([{ targets }])),
    fail: () => void (service.answer = (_, response) => void response.writeHead(503).end()),
    close: () => service.close(),
  };
}

discoveryKeepsItsPromises("http", { open: openPlace, secrets: SECRETS });

describe("http_sd_configs", () => {
  async function start(
    answer: Answer,
    extra: object = {},
  ): Promise<{
    discovery: Discovery;
    port: number;
    readonly last: () => readonly TargetGroup[] | undefined;
  }> {
    const service = await serve(answer);
    closers.push(() => service.close());
    const config = { url: `http://127.0.0.1:${service.port}/list?a=b`, ...extra };
    const discovery = httpSdConfigs.parse(new Fields(config, "[0]"))(discoveryContext());
    closers.push(() => discovery.close());
    let last: readonly TargetGroup[] | undefined;
    discovery.start((groups) => (last = groups));
    return { discovery, port: service.port, last: () => last };
  }

  test("groups have their labels and the URL", async () => {
    const { last, port } = await start(said([{ targets: ["a:1"], labels: { dc: "x" } }]));
    const name = `http://127.0.0.1:${port}/list?a=b`;
    await expect.poll(last).toEqual([
      {
        source: `${name}:0`,
        labels: { dc: "x", __meta_url: name },
        targets: [{ __address__: "a:1" }],
      },
    ]);
  });

  test("the question has the interval and the credentials", async () => {
    const heads: IncomingMessage["headers"][] = [];
    const { last } = await start(
      (request, response) => {
        heads.push(request.headers);
        response.writeHead(200, JSON_TYPE).end("[]");
      },
      { refresh_interval: "1m30s", authorization: { credentials: "letmein" } },
    );
    await expect.poll(last).toEqual([]);
    expect(heads[0]).toMatchObject({
      accept: "application/json",
      "x-prometheus-refresh-interval-seconds": "90",
      authorization: "Bearer letmein",
    });
  });

  test("redirects are followed, without the credentials to another origin", async () => {
    const heads: IncomingMessage["headers"][] = [];
    const there = await serve((request, response) => {
      heads.push(request.headers);
      said([{ targets: ["a:1"] }])(request, response);
    });
    closers.push(() => there.close());
    const location = `http://127.0.0.1:${there.port}/there`;
    const { last } = await start(
      (_, response) => void response.writeHead(302, { location }).end(),
      { authorization: { credentials: "letmein" } },
    );
    await expect.poll(() => last()?.length).toBe(1);
    expect(heads[0]?.authorization).toBeUndefined();
  });

  test.for<[string, Answer, string]>([
    [
      "another type",
      (_, r) => void r.writeHead(200, { "content-type": "text/html" }).end("[]"),
      "answers text/html",
    ],
    ["no JSON", (_, r) => void r.writeHead(200, JSON_TYPE).end("[{"), "cannot read JSON"],
    ["no list", said({ targets: [] }), "is no list of target groups"],
    ["null in the list", said([null]), "[0] is no target group"],
    ["a number as a target", said([{ targets: [1] }]), "[0].targets[0] is no text"],
    ["a label that is no text", said([{ labels: { a: 1 } }]), "[0].labels.a is no text"],
    ["an unknown field", said([{ target: [] }]), "[0] has a field besides targets and labels"],
    [
      "a redirect without end",
      (q, r) => void r.writeHead(302, { location: q.url }).end(),
      "cannot follow more than 10",
    ],
    [
      "a body cut off",
      (_, r) => {
        r.writeHead(200, { ...JSON_TYPE, "content-length": "99" }).write("[");
        r.destroy();
      },
      "cannot GET",
    ],
  ])("%s is no list", async ([, answer, complaint]) => {
    const { discovery, last } = await start(answer);
    await expect.poll(() => discovery.state().trouble, { timeout: 10_000 }).toContain(complaint);
    expect(last()).toBeUndefined();
  });

  test.for([
    [{}, "[0].url is missing"],
    [{ url: "ftp://x" }, "[0].url must be a URL that begins with http"],
    [{ url: "http://x", refresh_interval: "0s" }, "[0].refresh_interval must be longer than 0"],
    [
      { url: "http://x", basic_auth: { pasword: "x" } },
      "[0].basic_auth.pasword is unknown; did you mean password?",
    ],
  ] as const)("%j: %s", ([config, complaint]) => {
    expect(() => httpSdConfigs.parse(new Fields(config, "[0]"))).toThrow(complaint);
  });
});
