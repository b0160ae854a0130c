import { once } from "node:events";
import { request } from "node:http";
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";

import { freePort } from "../test/testbed/port.ts";
import { startProgram } from "../test/testbed/program.ts";
import { until } from "../test/testbed/wait.ts";
import { readProcessCost } from "./process-cost.ts";

/**
 * Thousands of events a second into one agent, which hundreds follow, some of whom read nothing: whether
 * each of the others has all of them in time, and what it costs. The engine is a stand-in.
 * Arguments: events a second, seconds, readers, those of them who read nothing.
 */

const [PER_SECOND = 10_000, SECONDS = 60, READERS = 200, SILENT = 20] = process.argv
  .slice(2)
  .map(Number);
const SAMPLE_MS = 1000;

/** A reader: what it got, and how late what it read last was each time. */
interface Reader {
  events: number;
  bytes: number;
  readonly delays: number[];
}

const END = Buffer.from("\n\n");

/** Counts events without understanding them, but for the last of each piece, which says how late it is. */
function take(reader: Reader, piece: Buffer): void {
  reader.bytes += piece.length;
  for (let end = piece.indexOf(END); end !== -1; end = piece.indexOf(END, end + 2)) reader.events++;
  const time = /"time":"([^"]+)"[^\n]*$/.exec(piece.subarray(-1000).toString("latin1"))?.[1];
  if (time !== undefined) reader.delays.push(Date.now() - Date.parse(time));
}

function follow(url: string, isSilent: boolean): { reader: Reader; leave: () => void } {
  const reader: Reader = { events: 0, bytes: 0, delays: [] };
  const headers = { accept: "text/event-stream" };
  const asking = request(url, { headers, agent: false }, (answer) => {
    // Who never reads has an open connection all the same.
    if (isSilent) answer.pause();
    else answer.on("data", (piece: Buffer) => take(reader, piece));
    answer.on("error", () => undefined);
  });
  asking.on("error", () => undefined).end();
  return { reader, leave: () => asking.destroy() };
}

function at(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

const worker = new Worker(new URL("./events-load-engine.js", import.meta.url), {
  workerData: { perSecond: PER_SECOND, seconds: SECONDS },
});
const [{ host }] = (await once(worker, "message")) as [{ host: string }];
const listen = `127.0.0.1:${await freePort()}`;
const agent = await startProgram(
  ["agent", `--listen=${listen}`, `--docker-host=${host}`, "--cri-endpoint=none"],
  { script: resolve(import.meta.dirname, "../cli.js") },
);
await agent.ready(`http://${listen}/-/ready`);
await agent.printed(/container engine connected/);
const url = `http://${listen}/events?type=paused,resumed`;
const all = Array.from({ length: READERS }, (_none, index) => follow(url, index < SILENT));
const readers = all.slice(SILENT).map(({ reader }) => reader);
await until("all who follow", async () => {
  const page = await (await fetch(`http://${listen}/metrics`)).text();
  return page.includes(`plimsoll_agent_events_subscribers ${READERS}\n`);
});

const before = readProcessCost(agent.pid);
const memory: number[] = [];
const sampling = setInterval(
  () => memory.push(readProcessCost(agent.pid).residentBytes),
  SAMPLE_MS,
);
const began = performance.now();
worker.postMessage("begin");
const [{ told }] = (await once(worker, "message")) as [{ told: number }];
const toldSeconds = (performance.now() - began) / 1000;
await until("every reader to have all", () => readers.every(({ events }) => events >= told), {
  timeoutMs: 60_000,
}).catch(() => undefined);
const wholeSeconds = (performance.now() - began) / 1000;
clearInterval(sampling);
const cost = readProcessCost(agent.pid).cpuSeconds - before.cpuSeconds;

const delays = readers.flatMap((reader) => reader.delays).toSorted((a, b) => a - b);
const counts = readers.map(({ events }) => events);
const third = Math.max(1, Math.floor(memory.length / 3));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
process.stdout.write(
  [
    `${told} events in ${toldSeconds.toFixed(1)} s, all read after ${wholeSeconds.toFixed(1)} s`,
    `${readers.length} who read got ${Math.min(...counts)} to ${Math.max(...counts)}; ${SILENT} read nothing`,
    `delay p50 ${at(delays, 0.5)} ms, p99 ${at(delays, 0.99)} ms, max ${at(delays, 1)} ms`,
    `agent: ${(cost / wholeSeconds).toFixed(2)} cores; memory ${megabytes(before.residentBytes)} MB before, ${megabytes(mean(memory.slice(0, third)))} MB in the first third, ${megabytes(mean(memory.slice(-third)))} MB in the last, ${megabytes(Math.max(...memory))} MB at most`,
    "",
  ].join("\n"),
);
for (const { leave } of all) leave();
await agent.close();
await worker.terminate();
