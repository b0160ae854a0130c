import { request } from "node:http";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { type Engine, startDocker } from "../test/testbed/docker.ts";
import { type Host, openNetwork } from "../test/testbed/network.ts";
import { freePort } from "../test/testbed/port.ts";
import { type Program, startProgram } from "../test/testbed/program.ts";
import { until } from "../test/testbed/wait.ts";
import type { Event } from "../wire/events/event.ts";

/**
 * How long it takes from an engine's event to a subscriber of the agent, by the one clock of both. With
 * `--aggregator` there are two hosts, each a network of its own with an engine and an agent, and the
 * subscriber is the aggregator's. Argument: containers on each host.
 */

const { values, positionals } = parseArgs({
  options: { aggregator: { type: "boolean", default: false } },
  allowPositionals: true,
});
const LIVES = Number(positionals[0] ?? 50);
const AGENT_PORT = 8180;
// This file is a built one, too.
const script = resolve(import.meta.dirname, "../cli.js");
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

/** Engines, and where their events come out. */
interface Subject {
  readonly url: string;
  readonly engines: readonly Engine[];
  close(): Promise<void>;
}

async function openAgent(listen: string, node: string, host?: Host): Promise<[Engine, Program]> {
  const where = host === undefined ? {} : { netns: host.netns };
  const engine = await startDocker(where);
  const args = [`--listen=${listen}`, `--node=${node}`, `--docker-host=${engine.host}`];
  const agent = await startProgram(["agent", ...args], { script, ...where });
  await agent.printed(/container engine connected/, 60_000);
  return [engine, agent];
}

async function openOne(): Promise<Subject> {
  const listen = `127.0.0.1:${await freePort()}`;
  const [engine, agent] = await openAgent(listen, "host");
  const close = async (): Promise<void> => {
    await agent.close();
    await engine.close();
  };
  return { url: `http://${listen}`, engines: [engine], close };
}

async function openTwo(): Promise<Subject> {
  const network = await openNetwork(2);
  const sites = await Promise.all(
    network.hosts.map((host, index) => openAgent(`0.0.0.0:${AGENT_PORT}`, `host-${index}`, host)),
  );
  const listen = `127.0.0.1:${await freePort()}`;
  const urls = network.hosts.map(({ address }) => `http://${address}:${AGENT_PORT}`);
  const aggregator = await startProgram(
    ["aggregator", `--listen=${listen}`, `--agents=${urls.join(",")}`, "--history-kind=none"],
    { script },
  );
  const url = `http://${listen}`;
  await aggregator.ready(`${url}/healthz`, 60_000);
  await until("both to be followed", async () => {
    const answer = await fetch(`${url}/events?type=agent_started`);
    const { events } = (await answer.json()) as { events: Event[] };
    return new Set(events.map(({ node }) => node)).size === sites.length;
  });
  return {
    url,
    engines: sites.map(([engine]) => engine),
    async close() {
      await Promise.all([aggregator, ...sites.map(([, agent]) => agent)].map((one) => one.close()));
      await Promise.all(sites.map(([engine]) => engine.close()));
      await network.close();
    },
  };
}

async function live(engine: Engine): Promise<void> {
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
}

const subject = await (values.aggregator ? openTwo() : openOne());
const leave = follow(`${subject.url}/events?type=${TYPES}`);
await Promise.all(subject.engines.map(live));
await until("all events", () => delays.length >= LIVES * PER_LIFE * subject.engines.length);
leave();
const line = `${delays.length} events: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
const to = values.aggregator ? "the aggregator's subscriber" : "subscriber";
process.stdout.write(`engine to ${to}, ${line}\n`);
await subject.close();
