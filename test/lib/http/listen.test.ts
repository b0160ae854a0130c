import { once } from "node:events";
import https from "node:https";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";

import { ConfigError } from "../../../lib/errors.ts";
import { readText, request } from "../../../lib/http/client.ts";
import { createHttpServer, listen } from "../../../lib/http/server.ts";
import type { HttpServerOptions, Listening } from "../../../lib/http/server.ts";
import { logLines } from "./log-lines.ts";
import { testCertificate } from "./test-certificate.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function open(
  address: string,
  options: Partial<HttpServerOptions> = {},
  prepare: (app: FastifyInstance) => void = () => undefined,
): Promise<Listening & { lines: string[] }> {
  const { logger, lines } = logLines();
  const app = await createHttpServer({
    title: "T",
    description: "D",
    version: "1.0.0",
    logger,
    ...options,
  });
  closing.push(() => app.close());
  prepare(app);
  const server = await listen(app, address, logger);
  return { ...server, lines };
}

const authorize = async (): Promise<"allowed"> => "allowed";

async function refusal(address: string): Promise<string> {
  try {
    await open(address);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error("it listens");
}

describe("an address", () => {
  it("that is free answers, under the URL given back, without a word in the log", async () => {
    const { url, lines } = await open("127.0.0.1:0");
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/u);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(lines).toEqual([]);
  });

  it("may be a name or IPv6", async () => {
    const byName = await open("localhost:0");
    expect((await fetch(`${byName.url}/healthz`)).status).toBe(200);
    const six = await open("[::1]:0");
    expect(six.url).toMatch(/^http:\/\/\[::1\]:\d+$/u);
    expect((await fetch(`${six.url}/healthz`)).status).toBe(200);
  });

  it("that somebody else has is the operator's to change", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    closing.push(async () => void other.close());
    const { port } = other.address() as AddressInfo;
    expect(await refusal(`127.0.0.1:${port}`)).toBe(
      `listen "127.0.0.1:${port}": another program listens there; stop it or choose another port`,
    );
  });

  it("that this machine does not have, too", async () => {
    expect(await refusal("192.0.2.1:0")).toContain("this machine has no such address");
    expect(await refusal("nonsense")).toContain("must be HOST:PORT");
    expect(await refusal("no-such-host.invalid:0")).toMatch(/no such host|cannot be looked up/u);
  });
});

describe("the network", () => {
  it.each([":0", "0.0.0.0:0", "[::]:0"])("is warned about once on %s", async (address) => {
    const { url, lines } = await open(address);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(" warn  anybody who can reach this address");
    expect(lines[0]).toContain("set listen to 127.0.0.1:PORT");
    expect(lines[0]).toContain(`listen=${address} missing="TLS and authentication"`);
  });

  it("is fine with TLS and authentication, and what is missing is named", async () => {
    const tls = testCertificate();
    expect((await open("0.0.0.0:0", { tls, authorize })).lines).toEqual([]);
    expect((await open("0.0.0.0:0", { authorize })).lines[0]).toContain("missing=TLS");
    expect((await open("0.0.0.0:0", { tls })).lines[0]).toContain("missing=authentication");
  });
});

it("speaks TLS when it has a certificate", async () => {
  const tls = testCertificate();
  const { url } = await open("127.0.0.1:0", { tls });
  expect(url).toMatch(/^https:/u);
  const agent = new https.Agent({ ca: tls.cert });
  const answer = await request(`${url}/healthz`, { timeoutMs: 5000, maxBytes: 100, agent });
  expect(await readText(answer)).toBe("ok\n");
  agent.destroy();
});

describe("close", () => {
  it("ends idle connections at once and lets a request under way end", async () => {
    let answered = false;
    const server = await open("127.0.0.1:0", {}, (app) => {
      app.get("/slow", async () => {
        await sleep(100);
        answered = true;
        return "done";
      });
    });
    // fetch keeps this connection open.
    await (await fetch(`${server.url}/healthz`)).text();
    const slow = fetch(`${server.url}/slow`);
    await sleep(20);
    await server.close();
    expect(answered).toBe(true);
    expect(await (await slow).text()).toBe("done");
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  });

  it("cuts what does not end", async () => {
    const server = await open("127.0.0.1:0", {}, (app) => {
      app.get("/endless", (_request, reply) => {
        void reply.hijack();
        reply.raw.writeHead(200).write("first\n");
      });
    });
    const response = await fetch(`${server.url}/endless`);
    await server.close();
    await expect(response.text()).rejects.toThrow();
  });
});
