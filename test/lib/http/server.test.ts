import { once } from "node:events";
import { connect } from "node:net";

import { Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";

import { HttpError } from "../../../lib/http/errors.ts";
import { createHttpServer, listen } from "../../../lib/http/server.ts";
import type { HttpServerOptions } from "../../../lib/http/server.ts";
import { logLines } from "./log-lines.ts";

const running: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

const query = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    ratio: Type.Optional(Type.Number()),
    label: Type.Optional(Type.Array(Type.String())),
    format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
    kind: Type.Optional(Type.String({ enum: ["a", "b"] })),
    all: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
);

async function serve(
  options: Partial<HttpServerOptions> = {},
): Promise<{ app: FastifyInstance; lines: string[] }> {
  const { logger, lines } = logLines();
  const app = await createHttpServer({
    title: "Test",
    description: "A server for tests.",
    version: "1.2.3",
    logger,
    ...options,
  });
  running.push(app);
  app.get("/items", { schema: { querystring: query } }, (request) => request.query);
  app.get(
    "/items/:id",
    { schema: { params: Type.Object({ id: Type.Integer() }) } },
    (request) => request.params,
  );
  app.post(
    "/items",
    { schema: { body: Type.Object({ name: Type.String() }, { additionalProperties: false }) } },
    (request) => request.body,
  );
  app.get("/tree/*", async () => "leaf");
  app.get("/bug", async () => {
    throw new Error("password=hunter2", { cause: new Error("deep") });
  });
  app.get("/away", async () => {
    throw new HttpError(503, "the store is away");
  });
  return { app, lines };
}

/** Asks, and gives back the status and the JSON of the answer. */
async function ask(
  app: FastifyInstance,
  url: string,
  method: "GET" | "POST" | "PUT" | "HEAD" | "DELETE" = "GET",
  payload?: object | string,
): Promise<[number, unknown]> {
  const answer = await app.inject({ method, url, ...(payload !== undefined && { payload }) });
  return [answer.statusCode, answer.json()];
}

describe("query parameters", () => {
  it("become what the schema wants", async () => {
    const { app } = await serve();
    expect(await ask(app, "/items?limit=5&ratio=0.5&label=a%3Db&format=csv&all=true")).toEqual([
      200,
      { limit: 5, ratio: 0.5, label: ["a=b"], format: "csv", all: true },
    ]);
    expect(await ask(app, "/items?label=a&label=b")).toEqual([
      200,
      { label: ["a", "b"], all: false },
    ]);
  });

  it.each([
    ["limt=5", 'query parameter "limt" is unknown; did you mean "limit"?'],
    [
      "zzzzzz=5",
      'query parameter "zzzzzz" is unknown; known are limit, ratio, label, format, kind, all',
    ],
    ["limit=abc", 'query parameter "limit" must be integer'],
    ["limit=1.5", 'query parameter "limit" must be integer'],
    ["limit=", 'query parameter "limit" must be integer'],
    ["limit=0", 'query parameter "limit" must be >= 1'],
    ["limit=Infinity", 'query parameter "limit" must be a finite number'],
    ["ratio=-1e999", 'query parameter "ratio" must be a finite number'],
    ["limit=1&limit=2", 'query parameter "limit" must be given only once'],
    ["ratio=NaN", 'query parameter "ratio" must be number'],
    ["format=xml", 'query parameter "format" must be one of json, csv'],
    ["kind=c", 'query parameter "kind" must be one of a, b'],
    ["all=maybe", 'query parameter "all" must be boolean'],
    ["__proto__=1", 'query parameter "__proto__" is unknown'],
  ])("are refused: %s", async (text, message) => {
    const { app } = await serve();
    const [status, body] = await ask(app, `/items?${text}`);
    expect(status).toBe(400);
    expect(body).toEqual({
      statusCode: 400,
      error: "Bad Request",
      message: expect.stringContaining(message) as unknown,
    });
  });
});

describe("other parts of a request", () => {
  it("are checked too", async () => {
    const { app } = await serve();
    expect(await ask(app, "/items/x")).toEqual([
      400,
      { statusCode: 400, error: "Bad Request", message: 'path parameter "id" must be integer' },
    ]);
    const message = async (payload: object | string): Promise<unknown> =>
      (await ask(app, "/items", "POST", payload))[1];
    expect(await message({})).toMatchObject({ message: 'body property "name" is missing' });
    expect(await message({ name: {} })).toMatchObject({
      message: 'body property "name" must be string',
    });
    expect(await message({ name: "a", nam: 1 })).toMatchObject({
      message: 'body property "nam" is unknown; did you mean "name"?',
    });
  });

  it("are limited in size", async () => {
    const { app } = await serve({ bodyLimitBytes: 100 });
    const [status, body] = await ask(app, "/items", "POST", { name: "x".repeat(200) });
    expect([status, body]).toMatchObject([413, { statusCode: 413, error: "Payload Too Large" }]);
    expect((await ask(app, `/items/${"1".repeat(3000)}`))[0]).toBe(414);
  });

  it("must be of a kind that is understood", async () => {
    const { app } = await serve();
    const answer = await app.inject({
      method: "POST",
      url: "/items",
      headers: { "content-type": "application/json" },
      payload: "{",
    });
    expect(answer.statusCode).toBe(400);
    expect(Object.keys(answer.json())).toEqual(["statusCode", "error", "message"]);
    const strange = await app.inject({
      method: "POST",
      url: "/items",
      headers: { "content-type": "text/strange" },
      payload: "x",
    });
    expect(strange.statusCode).toBe(415);
    expect(Object.keys(strange.json())).toEqual(["statusCode", "error", "message"]);
  });
});

describe("errors", () => {
  it("answer an unknown path with 404, without its query", async () => {
    const { app } = await serve();
    expect(await ask(app, "/nothing?token=x")).toEqual([
      404,
      { statusCode: 404, error: "Not Found", message: "there is nothing at /nothing" },
    ]);
  });

  it.each([
    ["DELETE", "/items", "GET, HEAD, POST"],
    ["POST", "/items/5", "GET, HEAD"],
    ["PUT", "/tree/a/b?x=1", "GET, HEAD"],
    ["POST", "/healthz", "GET, HEAD"],
  ] as const)("answer %s %s with 405 and what is allowed", async (method, url, allow) => {
    const { app } = await serve();
    const answer = await app.inject({ method, url });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers["allow"]).toBe(allow);
    expect(answer.json()).toMatchObject({ statusCode: 405, error: "Method Not Allowed" });
  });

  it("do not tell what went wrong inside, but log it", async () => {
    const { app, lines } = await serve();
    const [status, body] = await ask(app, "/bug?q=secret");
    expect([status, body]).toEqual([
      500,
      {
        statusCode: 500,
        error: "Internal Server Error",
        message: "something went wrong here; the log of this program says what",
      },
    ]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("cannot answer a request");
    expect(lines[0]).toContain('err="password=hunter2: deep"');
    expect(lines[0]).toContain("route=/bug");
    expect(lines[0]).not.toContain("q=secret");
  });

  it("may be meant for the client", async () => {
    const { app, lines } = await serve();
    expect(await ask(app, "/away")).toEqual([
      503,
      { statusCode: 503, error: "Service Unavailable", message: "the store is away" },
    ]);
    expect(lines).toEqual([]);
  });

  it("answer a path that is no path", async () => {
    const { app } = await serve();
    const [status, body] = await ask(app, "/items/%E0%A4%A");
    expect(status).toBe(400);
    expect(Object.keys(body as object)).toEqual(["statusCode", "error", "message"]);
  });
});

describe("health", () => {
  it("says that the program runs", async () => {
    const { app } = await serve();
    for (const url of ["/healthz", "/-/healthy", "/-/ready"]) {
      const answer = await app.inject(url);
      expect([answer.statusCode, answer.body.trim()]).toEqual([200, "ok"]);
      expect(answer.headers["content-type"]).toContain("text/plain");
    }
  });

  it("says why it is not ready yet", async () => {
    let state: true | string = "no sample yet";
    const { app } = await serve({ ready: () => state });
    const before = await app.inject("/-/ready");
    expect([before.statusCode, before.body]).toEqual([503, "no sample yet\n"]);
    state = true;
    expect((await app.inject("/-/ready")).statusCode).toBe(200);
  });
});

describe("headers", () => {
  it("are strict on every answer", async () => {
    const { app } = await serve();
    for (const url of ["/items", "/nothing", "/items?x=1", "/bug", "/healthz"]) {
      const { headers } = await app.inject(url);
      expect(headers["content-security-policy"]).toMatch(/^default-src 'self';/u);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
    }
  });

  it("leave a page its own policy", async () => {
    const { app } = await serve();
    app.get("/page", async (_request, reply) =>
      reply.header("content-security-policy", "default-src 'none'").send("x"),
    );
    const { headers } = await app.inject("/page");
    expect(headers["content-security-policy"]).toBe("default-src 'none'");
  });
});

describe("authorize", () => {
  it("decides on every request, unknown paths and documentation too", async () => {
    const { app } = await serve({
      authorize: async ({ headers }) => {
        if (headers.authorization === undefined) return "challenge";
        return headers.authorization === "Bearer good" ? "allowed" : "denied";
      },
    });
    for (const url of [
      "/items",
      "/nothing",
      "/openapi.json",
      "/docs",
      "/docs/static/x",
      "/healthz",
    ]) {
      const without = await app.inject(url);
      expect(without.statusCode).toBe(401);
      expect(without.headers["www-authenticate"]).toMatch(/^Basic realm=/u);
      expect(without.json()).toMatchObject({ statusCode: 401, error: "Unauthorized" });
      const wrong = await app.inject({ url, headers: { authorization: "Bearer bad" } });
      expect(wrong.statusCode).toBe(403);
    }
    const right = await app.inject({ url: "/items", headers: { authorization: "Bearer good" } });
    expect(right.statusCode).toBe(200);
  });

  it("lets nobody in when it fails", async () => {
    const { app, lines } = await serve({
      authorize: async () => Promise.reject(new Error("cannot read the users")),
    });
    expect((await ask(app, "/items"))[0]).toBe(500);
    expect(lines[0]).toContain("cannot read the users");
  });
});

it("answers HEAD as GET without a body", async () => {
  const { app } = await serve();
  const answer = await app.inject({ method: "HEAD", url: "/items?limit=5" });
  expect([answer.statusCode, answer.body]).toEqual([200, ""]);
  expect(Number(answer.headers["content-length"])).toBeGreaterThan(2);
});

/** Sends raw bytes and gives back all that comes until the server ends the connection. */
async function talk(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(bytes);
  let text = "";
  socket.on("data", (data: Buffer) => (text += data.toString()));
  socket.on("error", () => undefined);
  await once(socket, "close");
  return text;
}

async function openServer(options: Partial<HttpServerOptions> = {}): Promise<number> {
  const { app } = await serve(options);
  const { url } = await listen(app, "127.0.0.1:0", logLines().logger);
  return Number(new URL(url).port);
}

describe("connections", () => {
  it("get an answer in the one shape to what is not HTTP", async () => {
    const text = await talk(await openServer(), "hello\r\n\r\n");
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/u);
    expect(JSON.parse(text.split("\r\n\r\n")[1] ?? "")).toEqual({
      statusCode: 400,
      error: "Bad Request",
      message: "this is not an HTTP request",
    });
  });

  it("get 431 for headers without end", async () => {
    const text = await talk(
      await openServer(),
      `GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 431 /u);
    expect(text).toContain("the headers are too large");
  });

  it("are cut off when the client is slow with its headers or its body", async () => {
    const port = await openServer({ headersTimeoutMs: 100, requestTimeoutMs: 200 });
    expect(await talk(port, "GET /items HTTP/1.1\r\nhost: x\r\n")).toMatch(/^HTTP\/1\.1 408 /u);
    const head = "POST /items HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n";
    expect(await talk(port, `${head}content-type: application/json\r\n\r\n{`)).toMatch(
      /^HTTP\/1\.1 408 /u,
    );
  });

  it("are cut off when they stand still in the middle of an answer", async () => {
    const { app } = await serve({ idleTimeoutMs: 100 });
    app.get("/stuck", () => new Promise(() => undefined));
    const { url } = await listen(app, "127.0.0.1:0", logLines().logger);
    const port = Number(new URL(url).port);
    expect(await talk(port, "GET /stuck HTTP/1.1\r\nhost: x\r\n\r\n")).toBe("");
  });
});
