import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

import bcrypt from "bcryptjs";
import type { FastifyInstance } from "fastify";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ConfigError } from "../../../../lib/errors.ts";
import { readText, request } from "../../../../lib/http/client.ts";
import { createHttpServer, listen } from "../../../../lib/http/server.ts";
import { openWebConfig, type WebConfig } from "../../../../lib/http/web-config/web-config.ts";
import { runToEnd } from "../../../testbed/child.ts";
import { logLines } from "../log-lines.ts";
import { testCertificate } from "../test-certificate.ts";

const PASSWORD = "correct horse: battery";
const HASH = bcrypt.hashSync(PASSWORD, 4);
const TOKEN = "0123456789abcdef-token";
const USERS = `basic_auth_users: {alice: "${HASH}"}\n`;
const TOKENS = "bearer_token_files: [token]\n";
const TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n";

let folder: string;
const closing: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "web-config-"));
  write("token", `${TOKEN}\n`);
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

interface Served {
  readonly app: FastifyInstance;
  readonly web: WebConfig;
  readonly lines: string[];
  /** Where it listens. */
  readonly url: () => Promise<string>;
}

async function serve(text: string): Promise<Served> {
  write("web.yml", text);
  const { logger, lines } = logLines();
  const web = openWebConfig(join(folder, "web.yml"), logger);
  if (web === undefined) throw new Error("there is none");
  closing.push(() => web.close());
  const app = await createHttpServer({
    ...web.protection,
    title: "Test",
    description: "A server for tests.",
    version: "1.2.3",
    logger,
  });
  closing.push(() => app.close());
  app.get("/metrics", async () => "metrics\n");
  app.post("/metrics", async () => "taken\n");
  app.get("/files/*", async () => "file\n");
  app.get("/own-policy", async (_request, reply) =>
    reply.header("content-security-policy", "default-src 'none'").send("own"),
  );
  await web.look();
  return { app, web, lines, url: async () => (await listen(app, "127.0.0.1:0", logger)).url };
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

async function statusOf(
  { app }: Served,
  authorization?: string,
  url = "/metrics",
  method: "GET" | "HEAD" | "POST" | "OPTIONS" = "GET",
): Promise<number> {
  const headers = authorization === undefined ? {} : { authorization };
  return (await app.inject({ url, method, headers })).statusCode;
}

const ALICE = basic("alice", PASSWORD);
const BEARER = `Bearer ${TOKEN}`;

/** What each kind of file takes, and what of the other kind it does not. */
const MODES = [
  ["users", USERS, [ALICE], { "a token": BEARER }, /^Basic [^,]*,[^,]*$/],
  ["tokens", TOKENS, [BEARER, `bearer  ${TOKEN}`], { "a password": ALICE }, /^Bearer [^,]*$/],
  ["users and tokens", USERS + TOKENS, [ALICE, BEARER], {}, /^Basic .*Bearer /],
] as const;

const WRONG: Readonly<Record<string, string | undefined>> = {
  nothing: undefined,
  "an empty header": "",
  "a scheme alone": "Basic",
  "a scheme and a blank": "Basic ",
  "no base64": "Basic !!!",
  "no colon": `Basic ${Buffer.from("alice").toString("base64")}`,
  "what is too long": `Basic ${"A".repeat(9000)}`,
  "no password": basic("alice", ""),
  "a blank more": basic("alice", `${PASSWORD} `),
  "another user": basic("Alice", PASSWORD),
  "no user": basic("", PASSWORD),
  "what every object has": basic("__proto__", PASSWORD),
  "the hash": basic("alice", HASH),
  "no token": "Bearer",
  "a longer token": `Bearer ${TOKEN}x`,
  "a shorter token": `Bearer ${TOKEN.slice(1)}`,
  "two tokens": `Bearer ${TOKEN} ${TOKEN}`,
  "another scheme": `Digest ${TOKEN}`,
  "no scheme": TOKEN,
};

const ASKED = [
  ["GET", "/metrics"],
  ["HEAD", "/metrics"],
  ["POST", "/metrics"],
  ["OPTIONS", "/metrics"],
  ["GET", "/nothing"],
  ["GET", "/openapi.json"],
  ["GET", "/docs"],
  ["GET", "/docs/static/index.html"],
  ["GET", "/metrics?/healthz"],
  ["GET", "//healthz"],
  ["GET", "/healthz/"],
  ["GET", "/healthz%00"],
  ["GET", "/healthz;/metrics"],
  ["GET", "/Healthz"],
  ["GET", "/%"],
  ["GET", `/files/${"x".repeat(3000)}`],
  ["POST", "/healthz"],
] as const;

describe.each(MODES)("with %s", (_name, text, right, foreign, challenge) => {
  it("lets in everywhere whoever is right", async () => {
    const served = await serve(text);
    for (const authorization of right) {
      for (const url of ["/metrics", "/openapi.json", "/docs", "/files/a/b", "/healthz"]) {
        expect([url, await statusOf(served, authorization, url)]).toEqual([url, 200]);
      }
      expect(await statusOf(served, authorization, "/nothing")).toBe(404);
    }
  });

  it.each(Object.entries({ ...WRONG, ...foreign }))(
    "lets %s in nowhere but at health",
    async (_what, authorization) => {
      const served = await serve(text);
      const headers = authorization === undefined ? {} : { authorization };
      for (const [index, [method, url]] of ASKED.entries()) {
        // From elsewhere each time, as an address may not fail often.
        const remoteAddress = `192.0.2.${index}`;
        const answer = await served.app.inject({ url, method, headers, remoteAddress });
        expect([method, url, answer.statusCode]).toEqual([method, url, 401]);
        expect(String(answer.headers["www-authenticate"])).toMatch(challenge);
        expect(answer.body).not.toContain(TOKEN);
      }
      expect(await statusOf(served, authorization, "/healthz")).toBe(200);
      expect(await statusOf(served, authorization, "/-/ready", "HEAD")).toBe(200);
    },
  );
});

describe("open_routes", () => {
  it("are all that is open, by the route that answers", async () => {
    const served = await serve(`${USERS}open_routes: [/metrics, "/files/*"]\n`);
    expect(await statusOf(served, undefined, "/metrics?a=b")).toBe(200);
    expect(await statusOf(served, undefined, "/files/x/y")).toBe(200);
    expect(await statusOf(served, undefined, "/metrics", "POST")).toBe(401);
    expect(await statusOf(served, undefined, "/healthz")).toBe(401);
  });

  it("may be none", async () => {
    const served = await serve(`${USERS}open_routes: []\n`);
    expect(await statusOf(served, undefined, "/healthz")).toBe(401);
  });
});

describe("whoever is wrong too often", () => {
  it("is told to wait, and whoever is right from there is not", async () => {
    const served = await serve(USERS + TOKENS);
    const right = basic("alice", PASSWORD);
    expect(await statusOf(served, right)).toBe(200);
    for (let n = 0; n < 10; n++) expect(await statusOf(served, `Bearer wrong${n}`)).toBe(401);
    const answer = await served.app.inject({
      url: "/metrics",
      headers: { authorization: "Bearer x" },
    });
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([429, "6"]);
    expect(await statusOf(served, basic("bob", "x"))).toBe(429);
    expect(await statusOf(served, right)).toBe(200);
    expect(await statusOf(served, `Bearer ${TOKEN}`)).toBe(200);
    expect(await statusOf(served, undefined)).toBe(401);
    const registry = new Registry();
    served.web.addMetrics(registry);
    expect(await registry.metrics()).toMatch(
      /^plimsoll_http_refused_requests_total\{reason="limited"\} 2$/mu,
    );
    expect(served.lines.join("")).not.toMatch(/battery|wrong3/u);
  });

  it("is not told by what others have logged in with whether a guess is right", async () => {
    const served = await serve(USERS);
    const ask = async (authorization: string, remoteAddress: string): Promise<number> => {
      const headers = { authorization };
      return (await served.app.inject({ url: "/metrics", headers, remoteAddress })).statusCode;
    };
    expect(await ask(ALICE, "192.0.2.1")).toBe(200);
    for (let guess = 0; guess < 10; guess++) {
      expect(await ask(basic("alice", `guess ${guess}`), "192.0.2.2")).toBe(401);
    }
    expect(await ask(ALICE, "192.0.2.2")).toBe(429);
    expect(await ask(ALICE, "192.0.2.1")).toBe(200);
  });

  it("is one of all who ask too much where rate_limit is set", async () => {
    const served = await serve("rate_limit: {interval: 1h, burst: 2}\n");
    expect(await statusOf(served)).toBe(200);
    expect(await statusOf(served)).toBe(200);
    expect(await statusOf(served)).toBe(429);
  });
});

it("headers are on every answer, and a route's own stay", async () => {
  const { app } = await serve(
    `${USERS}http_server_config: {headers: {X-Frame-Options: deny, Content-Security-Policy: "img-src 'none'"}}\n`,
  );
  const refused = await app.inject("/metrics");
  expect(refused.headers).toMatchObject({
    "x-frame-options": "deny",
    "content-security-policy": "img-src 'none'",
    "x-content-type-options": "nosniff",
  });
  const headers = { authorization: basic("alice", PASSWORD) };
  const docs = await app.inject({ url: "/docs/static/index.html", headers });
  expect(docs.headers).toMatchObject({ "x-frame-options": "deny" });
  const own = await app.inject({ url: "/own-policy", headers });
  expect(own.headers["content-security-policy"]).toBe("default-src 'none'");
});

describe("a file that changes", () => {
  it("is read again, and so are those that it names", async () => {
    const served = await serve(TOKENS);
    write("token", "another-token-of-now\n");
    await served.web.look();
    expect(await statusOf(served, `Bearer ${TOKEN}`)).toBe(401);
    expect(await statusOf(served, "Bearer another-token-of-now")).toBe(200);
    write("web.yml", USERS);
    await served.web.look();
    expect(await statusOf(served, "Bearer another-token-of-now")).toBe(401);
    expect(await statusOf(served, basic("alice", PASSWORD))).toBe(200);
    expect(served.web.counts.reloads).toEqual({ success: 2, failure: 0 });
  });

  it.each([
    ["basic_auth_users: {alice: hunter2}\n", "must be a bcrypt hash"],
    ["", "to let in everybody restart"],
    [`${TLS}${USERS}`, "cert_file cannot be read (ENOENT)"],
  ])(
    "for the worse leaves the old one in force, with one word in the log: %s",
    async (text, why) => {
      const served = await serve(USERS);
      write("web.yml", text);
      await served.web.look();
      await served.web.look();
      write("web.yml", `${text}# the same again\n`);
      await served.web.look();
      expect(await statusOf(served)).toBe(401);
      expect(await statusOf(served, basic("alice", PASSWORD))).toBe(200);
      expect(served.lines).toHaveLength(1);
      expect(served.lines[0]).toContain("the changed web-config file cannot be used");
      expect(served.lines[0]).toContain(why);
      expect(served.lines[0]).not.toContain("hunter2");
      expect(served.web.counts).toMatchObject({ reloads: { failure: 2 }, isCurrent: false });
      write("web.yml", USERS);
      await served.web.look();
      expect(served.web.counts).toMatchObject({ reloads: { success: 1 }, isCurrent: true });
    },
  );

  it("is taken up as soon as a file is there that it newly names", async () => {
    const served = await serve(USERS);
    write("web.yml", `${USERS}bearer_token_files: [later]\n`);
    await served.web.look();
    await served.web.look();
    expect(served.web.counts).toMatchObject({ reloads: { failure: 1 }, isCurrent: false });
    write("later", `${TOKEN}\n`);
    await served.web.look();
    expect(served.web.counts.isCurrent).toBe(true);
    expect(await statusOf(served, `Bearer ${TOKEN}`)).toBe(200);
  });

  it("must be a regular file, as a pipe would be waited for", async () => {
    const served = await serve(USERS);
    rmSync(join(folder, "web.yml"));
    await runToEnd("mkfifo", [join(folder, "web.yml")]);
    await served.web.look();
    expect(served.web.counts.isCurrent).toBe(false);
    expect(served.lines[0]).toContain("is no regular file");
  });

  it("brings new certificates to new connections", async () => {
    const [first, second] = [testCertificate(), testCertificate()];
    const put = ({ cert, key }: typeof first): void => {
      write("cert.pem", cert);
      write("key.pem", key);
    };
    put(first);
    const served = await serve(TLS);
    const url = await served.url();
    const ask = async (ca: string): Promise<string> => {
      const agent = new https.Agent({ ca });
      try {
        return await readText(
          await request(`${url}/metrics`, { timeoutMs: 5000, maxBytes: 100, agent }),
        );
      } finally {
        agent.destroy();
      }
    };
    expect(await ask(first.cert)).toBe("metrics\n");
    // Half of it is there already.
    write("cert.pem", second.cert);
    await served.web.look();
    expect(served.lines.at(-1)).toContain("the key is not the certificate's");
    expect(await ask(first.cert)).toBe("metrics\n");
    put(second);
    await served.web.look();
    expect(await ask(second.cert)).toBe("metrics\n");
    await expect(ask(first.cert)).rejects.toThrow("cannot GET");
    write("web.yml", USERS);
    await served.web.look();
    expect(served.lines.at(-1)).toContain("to begin or end TLS restart the program");
  });
});

describe("a file that will not do at the start", () => {
  it.each([
    ["basic_auth_user: {}", "basic_auth_user is unknown; did you mean basic_auth_users?"],
    [TLS, "tls_server_config.cert_file cannot be read (ENOENT)"],
    ["bearer_token_files: [short]", "bearer_token_files[0] must name a file with one token"],
    ["bearer_token_files: [none]", "bearer_token_files[0] cannot be read (ENOENT)"],
    [
      "tls_server_config: {cert_file: token, key_file: token}",
      "tls_server_config.cert_file holds no certificate",
    ],
    [
      "tls_server_config: {cert_file: good.pem, key_file: token}",
      "tls_server_config cannot be used: the key is none, or has a passphrase",
    ],
  ])("is named: %s", (text, message) => {
    write("short", "short\n");
    write("good.pem", testCertificate().cert);
    write("web.yml", text);
    const open = (): unknown => openWebConfig(join(folder, "web.yml"), logLines().logger);
    expect(open).toThrow(ConfigError);
    expect(open).toThrow(message);
  });

  it("is not needed", () => {
    expect(openWebConfig(undefined, logLines().logger)).toBeUndefined();
  });
});

it("a pass opens everything once somebody has asked for it", async () => {
  const served = await serve(USERS);
  const pass = served.web.pass();
  expect(await statusOf(served, `Bearer ${pass}`)).toBe(200);
  expect(await statusOf(served, `Bearer ${pass}x`)).toBe(401);
});
