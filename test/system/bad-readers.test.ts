import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { type Cgroups, openCgroups } from "../testbed/cgroups.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { NO_CRI } from "./start-agent.ts";

const MIB = 1024 * 1024;

let cgroups: Cgroups;
let program: Program;
let port: number;
let agent: string;
const sockets: Socket[] = [];

/** Asks by hand; the answer is not read. */
async function send(text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  socket.pause();
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

function residentBytes(): number {
  const status = readFileSync(`/proc/${program.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
}

async function passes(): Promise<number> {
  return seriesValue(await ask(`${agent}/metrics`), "plimsoll_agent_passes_total") ?? Number.NaN;
}

describeWith(["cgroups"], "readers that mean no good", () => {
  beforeAll(async () => {
    cgroups = await openCgroups();
    for (let number = 0; number < 100; number++) await cgroups.create(`c${number}`);
    port = await freePort();
    agent = `http://127.0.0.1:${port}`;
    program = await startProgram([
      "agent",
      NO_CRI,
      `--listen=127.0.0.1:${port}`,
      "--docker-host=/nowhere.sock",
    ]);
    await program.ready(`${agent}/healthz`);
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
  });

  test("a hundred who ask and read nothing cost little memory, and sampling goes on", async () => {
    await ask(`${agent}/stats`);
    const before = residentBytes();
    const start = await passes();
    for (let number = 0; number < 100; number++) {
      const path = ["/stats", "/stats?stream=1", `/stats?limit=${number + 1}`, "/stats/feed"];
      await send(get(path[number % 4] ?? "").repeat(20));
      await sleep(30);
    }
    await until("ten more passes", async () => (await passes()) > start + 10);
    expect(residentBytes() - before).toBeLessThan(150 * MIB);
    await ask(`${agent}/stats`);
  });

  test("ten megabytes behind a GET are no reason to keep them", async () => {
    const before = residentBytes();
    const socket = await send(
      `GET /stats HTTP/1.1\r\nHost: x\r\nContent-Length: ${10 * MIB}\r\n\r\n`,
    );
    socket.resume();
    const answer = once(socket, "data");
    for (let part = 0; part < 10; part++) socket.write(Buffer.alloc(MIB, "x"));
    const [text] = (await answer) as [Buffer];
    expect(text.toString()).toMatch(/^HTTP\/1\.1 (?:200|413) /);
    expect(residentBytes() - before).toBeLessThan(60 * MIB);
    await ask(`${agent}/stats`);
  });

  test("what is not HTTP, and what is too large to be, is refused", async () => {
    for (const [text, status] of [
      ["garbage\r\n\r\n", 400],
      [`GET /stats?name=${"x".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
      ["GET /stats\0 HTTP/1.1\r\nHost: x\r\n\r\n", 400],
      ["BREW /stats HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ] as const) {
      const socket = await send(text);
      const [answer] = (await once(socket.resume(), "data")) as [Buffer];
      expect(answer.toString().split("\r\n")[0]).toContain(`HTTP/1.1 ${status}`);
    }
  });

  test("it ends in time while they hang on", async () => {
    for (let number = 0; number < 20; number++) await send(get("/stats?stream=1"));
    await sleep(1500);
    // Throws unless it ends by itself, with exit code 0, within 6 s.
    await program.close();
  });
});
