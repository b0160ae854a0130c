import { Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";

import { createHttpServer } from "../../../lib/http/server.ts";
import { logLines } from "./log-lines.ts";

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: { readonly type?: string };
  }[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

interface Document {
  readonly openapi: string;
  readonly info: Readonly<Record<string, string>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const running: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

async function serve(): Promise<FastifyInstance> {
  const app = await createHttpServer({
    title: "Test server",
    description: "Says what it can do.",
    version: "1.2.3",
    logger: logLines().logger,
  });
  running.push(app);
  const Node = Type.Object({ name: Type.String() }, { $id: "Node" });
  app.addSchema(Node);
  app.get(
    "/items/:id",
    {
      schema: {
        summary: "One item.",
        tags: ["items"],
        params: Type.Object({ id: Type.String({ description: "Its name." }) }),
        querystring: Type.Object(
          {
            limit: Type.Optional(Type.Integer({ minimum: 1 })),
            label: Type.Optional(Type.Array(Type.String())),
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            node: Type.Ref("Node"),
            size: Type.Union([Type.Number(), Type.Null()]),
          }),
          404: Type.Object({ message: Type.String() }),
        },
      },
    },
    async () => ({ node: { name: "a" }, size: null }),
  );
  await app.register(
    async (part) => {
      part.get("/inner", async () => "x");
    },
    { prefix: "/part" },
  );
  const rest = Type.Object({ "*": Type.String({ title: "container" }) });
  app.get("/stats/*", { schema: { params: rest } }, async () => "x");
  app.get("/files/*", async () => "x");
  app.get("/page", { schema: { hide: true } }, async () => "x");
  return app;
}

async function document(app: FastifyInstance): Promise<Document> {
  const answer = await app.inject("/openapi.json");
  expect(answer.statusCode).toBe(200);
  expect(answer.headers["content-type"]).toContain("application/json");
  return answer.json();
}

describe("the OpenAPI document", () => {
  it("says what the server is and which routes it has, but for pages", async () => {
    const { openapi, info, paths } = await document(await serve());
    expect(openapi).toBe("3.1.0");
    expect(info).toEqual({
      title: "Test server",
      description: "Says what it can do.",
      version: "1.2.3",
    });
    expect(Object.keys(paths).toSorted()).toEqual([
      "/-/healthy",
      "/-/ready",
      "/files/{path}",
      "/healthz",
      "/items/{id}",
      "/part/inner",
      "/stats/{container}",
    ]);
    expect(Object.keys(paths["/items/{id}"] ?? {})).toEqual(["get"]);
  });

  it("has the parameters and answers of the schemas", async () => {
    const { paths } = await document(await serve());
    const operation = paths["/items/{id}"]?.["get"];
    expect(operation).toMatchObject({ summary: "One item.", tags: ["items"] });
    const parameters = operation?.parameters ?? [];
    expect(parameters.map((each) => [each.name, each.in, each.schema.type])).toEqual(
      expect.arrayContaining([
        ["id", "path", "string"],
        ["limit", "query", "integer"],
        ["label", "query", "array"],
      ]),
    );
    expect(parameters.find(({ name }) => name === "id")?.required).toBe(true);
    expect(Object.keys(operation?.responses ?? {})).toEqual(["200", "404"]);
    expect(paths["/-/ready"]?.["get"]?.responses).toHaveProperty("503");
  });

  it("holds together: references lead somewhere, paths declare their parameters", async () => {
    const whole = await document(await serve());
    const references = JSON.stringify(whole).matchAll(/"\$ref":"#\/(?<path>[^"]+)"/gu);
    let count = 0;
    for (const { groups } of references) {
      count++;
      let target: unknown = whole;
      for (const step of groups?.["path"]?.split("/") ?? []) {
        target = (target as Record<string, unknown>)[decodeURIComponent(step)];
      }
      expect(target).toBeTypeOf("object");
    }
    expect(count).toBeGreaterThan(0);
    for (const [path, operations] of Object.entries(whole.paths)) {
      for (const operation of Object.values(operations)) {
        const declared = (operation.parameters ?? [])
          .filter((parameter) => parameter.in === "path")
          .map(({ name }) => `{${name}}`);
        expect(declared).toEqual(path.match(/\{[^}]+\}/gu) ?? []);
        expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
        for (const response of Object.values(operation.responses)) {
          expect(response.description).toBeTypeOf("string");
        }
      }
    }
  });

  it("is the same at /docs/json, and for those who ask at the same time", async () => {
    const app = await serve();
    const answers = await Promise.all(
      ["/openapi.json", "/docs/json", "/openapi.json"].map(async (url) => app.inject(url)),
    );
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  });
});

describe("the page", () => {
  it("and all its files come from here", async () => {
    const app = await serve();
    const page = await app.inject("/docs");
    expect(page.statusCode).toBe(200);
    expect(page.headers["content-type"]).toContain("text/html");
    expect(page.body).toContain("<title>Test server</title>");
    const style = await app.inject("/docs/static/theme/page.css");
    expect(style.headers["content-type"]).toContain("text/css");
    expect(style.body).toMatch(/\.topbar \{ display: none/u);
    const files = [...page.body.matchAll(/(?:src|href)="(?<path>[^"]+)"/gu)].map(
      ({ groups }) => groups?.["path"] ?? "",
    );
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      expect(file).toMatch(/^\/docs\/static\//u);
      expect((await app.inject(file)).statusCode).toBe(200);
    }
    const scripts = await app.inject("/docs/static/swagger-initializer.js");
    expect(scripts.body).not.toMatch(/https?:\/\/(?!stackoverflow)/u);
    expect(scripts.body).toContain("validatorUrl: null");
  });

  it("is as strict as the other answers, but for inline styles", async () => {
    const app = await serve();
    for (const url of ["/docs", "/docs/static/swagger-ui-bundle.js", "/openapi.json"]) {
      const { headers } = await app.inject(url);
      expect(headers["content-security-policy"]).toMatch(/^default-src 'self';/u);
      expect(headers["content-security-policy"]).not.toMatch(/script-src|https:/u);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
    }
  });

  it("answers a file that is not there in the one shape", async () => {
    const app = await serve();
    for (const url of ["/docs/static/none.js", "/docs/none", "/docs/static/../../package.json"]) {
      const answer = await app.inject(url);
      expect(answer.statusCode).toBe(404);
      expect(Object.keys(answer.json())).toEqual(["statusCode", "error", "message"]);
    }
  });

  it("has HEAD too and takes nothing else", async () => {
    const app = await serve();
    const head = await app.inject({ method: "HEAD", url: "/docs" });
    expect([head.statusCode, head.body]).toEqual([200, ""]);
    const post = await app.inject({ method: "POST", url: "/docs" });
    expect([post.statusCode, post.headers["allow"]]).toEqual([405, "GET, HEAD"]);
  });
});
