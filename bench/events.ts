import { request } from "node:http";
import { resolve } from "node:path";

import { startDocker } from "../test/testbed/docker.ts";
import { freePort } from "../test/testbed/port.ts";
import { startProgram } from "../test/testbed/program.ts";
import { until } from "../test/testbed/wait.ts";
import type { Event } from "../wire/events/event.ts";

/** How long it takes from an engine's event to a subscriber of the agent, by the one clock of both. */

const LIVES = Number(process.argv[2] ?? 50);
const TYPES = "created,started,paused,resumed,died,removed";
const PER_LIFE = TYPES.split(",").length;

const delays: number[] = [];

function take(message: string): void {
  const data = /^data: (.*)$/m.exec(message)?.[1];
  if (data === undefined || !message.includes("\nid: ")) return;
  const { time, type, details } = JSON.parse(data) as Event;
  // An end that waits for the kernel's word is late on purpose.
  if (type !== "died" || details.exit_class !== "unknown")
    delays.push(Date.now() - Date.parse(time));
}

function follow(url: string): () => void {
  const stream = request(url, { headers: { accept: "text/event-stream" } }, (answer) => {
    let rest = "";
    answer.setEncoding("utf8").on("data", (text: string) => {
      const messages = (rest + text).split("\n\n");
      rest = messages.pop() ?? "";
      messages.forEach(take);
    });
    answer.on("error", () => undefined);
  });
  stream.on("error", () => undefined).end();
  return () => stream.destroy();
}

function at(part: number): number {
  const sorted = delays.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

const engine = await startDocker();
const listen = `127.0.0.1:${await freePort()}`;
const agent = await startProgram(
  ["agent", `--listen=${listen}`, `--docker-host=${engine.host}`],
  // This file is a built one, too.
  { script: resolve(import.meta.dirname, "../cli.js") },
);
await agent.ready(`http://${listen}/-/ready`);
await agent.printed(/container engine connected/);
const leave = follow(`http://${listen}/events?type=${TYPES}`);
for (let life = 0; life < LIVES; life++) {
  // One after the other: this is about delay, not load.
  // oxlint-disable no-await-in-loop
  const { api } = await engine.run({ name: `life-${life}`, cmd: ["sleep", "1000"] });
  await api.pause();
  await api.unpause();
  await api.stop({ t: 0 });
  await api.remove();
  // oxlint-enable no-await-in-loop
}
await until("all events", () => delays.length >= LIVES * PER_LIFE);
leave();
const line = `${delays.length} events: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
process.stdout.write(`engine to subscriber, ${line}\n`);
await agent.close();
await engine.close();
