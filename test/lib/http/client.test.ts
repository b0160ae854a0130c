import { once } from "node:events";
import http from "node:http";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import https from "node:https";
import { createServer, Socket } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";

import { afterEach, describe, expect, it } from "vitest";

import { messageOf } from "../../../lib/errors.ts";
import type { RequestOptions } from "../../../lib/http/ask.ts";
import { lines, readJson, readText, request } from "../../../lib/http/client.ts";
import { testCertificate } from "./test-certificate.ts";

const running: { server: Server; sockets: Set<Socket> }[] = [];
afterEach(() => {
  for (const { server, sockets } of running.splice(0)) {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
});

async function open(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  running.push({ server, sockets });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function serve(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await open(http.createServer(listener))}`;
}

const options: RequestOptions = { timeoutMs: 5000, maxBytes: 1_000_000 };

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return messageOf(error);
  }
  throw new Error("it did not fail");
}

async function fetchText(url: string, more: Partial<RequestOptions> = {}): Promise<string> {
  return readText(await request(url, { ...options, ...more }));
}

async function fetchLines(url: string, maxLineBytes?: number): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines(await request(url, options), maxLineBytes)) found.push(line);
  return found;
}

async function cut(headers: http.OutgoingHttpHeaders, start: Buffer): Promise<string> {
  const url = await serve((_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, headers);
    response.write(start, () => response.socket?.destroy());
  });
  return failure(fetchText(`${url}/?secret=x`));
}

describe("an answer", () => {
  it("has status, headers and body, whatever the status", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(503, { "x-reason": "tired" }).end('{"a":1}');
    });
    const response = await request(url, options);
    expect([response.status, response.headers["x-reason"]]).toEqual([503, "tired"]);
    expect(await readJson(response)).toEqual({ a: 1 });
  });

  it("is unpacked", async () => {
    const url = await serve((asked, response) => {
      expect(asked.headers["accept-encoding"]).toBe("gzip");
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("hello ".repeat(1000)));
    });
    expect(await fetchText(url)).toBe("hello ".repeat(1000));
  });

  it("may be to a question with a method, headers and a body", async () => {
    const url = await serve((asked, response) => {
      asked.setEncoding("utf8").once("data", (body: string) => {
        response.end(`${asked.method} ${asked.headers["x-a"]?.toString()} ${body}`);
      });
    });
    const more = { method: "POST", headers: { "x-a": "b" }, body: "c" };
    expect(await fetchText(url, more)).toBe("POST b c");
  });

  it("may come over TLS from a server that the agent trusts", async () => {
    const tls = testCertificate();
    const port = await open(https.createServer(tls, (_request, response) => response.end("safe")));
    const url = `https://127.0.0.1:${port}/`;
    const agent = new https.Agent({ ca: tls.cert });
    expect(await fetchText(url, { agent })).toBe("safe");
    expect(await failure(request(url, options))).toContain("self-signed certificate");
  });

  it("sends the user of the URL along", async () => {
    const url = await serve((asked, response) => response.end(asked.headers.authorization));
    const answer = await fetchText(url.replace("//", "//me:pass@"));
    expect(answer).toBe(`Basic ${Buffer.from("me:pass").toString("base64")}`);
  });
});

describe("connections", () => {
  it("are used again", async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((asked, response) => {
      ports.add(asked.socket.remotePort);
      response.end("x");
    });
    for (let round = 0; round < 3; round++) {
      await fetchText(url);
      await sleep(5);
    }
    expect(ports.size).toBe(1);
  });

  it("that were closed over there in the meantime are replaced without a word", async () => {
    let asked = 0;
    const url = await serve((request_, response) => {
      asked++;
      if (asked === 2) request_.socket.destroy();
      else response.end(String(asked));
    });
    expect(await fetchText(url)).toBe("1");
    await sleep(5);
    expect(await fetchText(url)).toBe("3");
  });

  it("that were new are not tried twice, nor is what changes something", async () => {
    let asked = 0;
    const url = await serve((request_, response) => {
      asked++;
      if (request_.method === "POST" || request_.url === "/cut") request_.socket.destroy();
      else response.end("x");
    });
    await fetchText(url);
    await sleep(5);
    expect(await failure(fetchText(url, { method: "POST", body: "x" }))).toContain("cannot POST");
    expect(asked).toBe(2);
    expect(await failure(fetchText(`${url}/cut`))).toContain("socket hang up");
    expect(asked).toBe(3);
  });
});

describe("limits", () => {
  it("end a server that says nothing", async () => {
    const url = await serve(() => undefined);
    expect(await failure(request(`${url}/x`, { ...options, timeoutMs: 50 }))).toBe(
      `cannot GET ${url}/x: no whole answer within 50 ms`,
    );
  });

  it("end a body that does not go on, read or not", async () => {
    let ended = 0;
    const url = await serve((_request, response) => {
      response.on("close", () => ended++);
      response.write("start");
    });
    expect(await failure(fetchText(url, { timeoutMs: 50 }))).toContain("within 50 ms");
    await request(url, { ...options, timeoutMs: 50 });
    await expect.poll(() => ended).toBe(2);
  });

  it("end a connection that does not come about", async () => {
    const socket = Object.defineProperty(new Socket(), "connecting", { value: true });
    const agent = Object.assign(new http.Agent(), { createConnection: () => socket });
    const asked = request("http://127.0.0.1:9/", { ...options, connectTimeoutMs: 20, agent });
    expect(await failure(asked)).toBe("cannot GET http://127.0.0.1:9/: no connection within 20 ms");
    expect(socket.destroyed).toBe(true);
  });

  it("end a body that is too large, packed or not", async () => {
    const url = await serve((asked, response) => {
      if (asked.url === "/plain") return void response.end("x".repeat(1001));
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("x".repeat(1_000_000)));
    });
    for (const path of ["/plain", "/packed"]) {
      expect(await failure(fetchText(url + path, { maxBytes: 1000 }))).toBe(
        `cannot GET ${url}${path}: the answer is larger than 1000 bytes`,
      );
    }
    expect((await fetchText(`${url}/plain`, { maxBytes: 1001 })).length).toBe(1001);
  });

  it("may be the caller's signal, before, within and after the head", async () => {
    const url = await serve((asked, response) => {
      if (asked.url === "/head") response.write("start");
    });
    const gone = AbortSignal.abort(new Error("shutting down"));
    expect(await failure(request(url, { ...options, signal: gone }))).toContain("shutting down");
    for (const path of ["/silent", "/head"]) {
      const caller = new AbortController();
      const work = failure(fetchText(url + path, { signal: caller.signal }));
      setTimeout(() => caller.abort(new Error("shutting down")), 20);
      expect(await work).toBe(`cannot GET ${url}${path}: shutting down`);
    }
  });
});

describe("a broken answer", () => {
  it("is an error, never a short answer", async () => {
    const packed = gzipSync("x".repeat(10_000)).subarray(0, 20);
    for (const message of [
      await cut({ "content-length": 100 }, Buffer.from("half")),
      await cut({}, Buffer.from("chunk")),
      await cut({ "content-encoding": "gzip" }, packed),
    ]) {
      expect(message).toMatch(
        /^cannot GET http:\/\/127\.0\.0\.1:\d+\/\?…: the connection broke off in the middle/u,
      );
    }
  });

  it("may be packed badly or in an unknown way", async () => {
    const url = await serve((asked, response) => {
      const packing = asked.url === "/br" ? "br" : "gzip";
      const body = asked.url === "/short" ? gzipSync("x".repeat(100)).subarray(0, 15) : "nonsense";
      response.writeHead(200, { "content-encoding": packing }).end(body);
    });
    expect(await failure(fetchText(`${url}/br`))).toContain("packed as br");
    expect(await failure(fetchText(`${url}/bad`))).toContain("incorrect header check");
    expect(await failure(fetchText(`${url}/short`))).toContain("unexpected end of file");
  });

  it("may not be JSON", async () => {
    const url = await serve((_request, response) => response.end("<html>"));
    expect(await failure(readJson(await request(url, options)))).toMatch(/^cannot read JSON: /u);
  });
});

describe("an error", () => {
  it("names the URL without its secrets", async () => {
    const port = await open(createServer());
    running[0]!.server.close();
    const message = await failure(request(`http://me:pw@127.0.0.1:${port}/a?token=pw`, options));
    expect(message).toMatch(
      new RegExp(`^cannot GET http://127\\.0\\.0\\.1:${port}/a\\?…: .*ECONNREFUSED`, "u"),
    );
    expect(message).not.toContain("pw");
  });

  it("comes of what is no URL to ask", async () => {
    expect(await failure(request("ftp://host/x", options))).toContain("ftp: is not http or https");
    expect(await failure(request("no url", options))).toContain("Invalid URL");
  });
});

describe("lines", () => {
  it("come whole however the bytes arrive", async () => {
    const text = Buffer.from('{"a":"ü"}\n\n{"b":2}\r\nlast');
    const url = await serve((_request, response) => {
      void (async () => {
        for (const byte of text) {
          response.write(Buffer.from([byte]));
          await sleep(0);
        }
        response.end();
      })();
    });
    expect(await fetchLines(url)).toEqual(['{"a":"ü"}', '{"b":2}', "last"]);
  });

  it("may not be endless", async () => {
    const url = await serve((_request, response) => response.end(`short\n${"x".repeat(200)}\n`));
    expect(await fetchLines(url, 200)).toHaveLength(2);
    expect(await failure(fetchLines(url, 199))).toBe("cannot read a line of more than 199 bytes");
  });

  it("end the connection when the reader leaves early", async () => {
    let closed = false;
    const url = await serve((_request, response) => {
      response.on("close", () => (closed = true));
      response.write("a\nb\n");
    });
    for await (const line of lines(await request(url, options))) {
      expect(line).toBe("a");
      break;
    }
    await expect.poll(() => closed).toBe(true);
  });
});
