import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createSocket, type Server as Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";

const MANY = 10_000;
const INTERVAL = 2000;
/** Connections to one host whose targets do not answer; those that just end are not gone at once. */
const MOST_SOCKETS = 16 + 8;
/** What ten thousand targets may take, with their labels, states and timers: of more the program would die. MB. */
const MOST_HEAP = 300;
/** What the program may take in all, which the heap bounds only if nothing is kept beside it. Bytes. */
const MOST_MEMORY = 600e6;

/** As our aggregator tells it. */
interface Told {
  readonly job: string;
  readonly state: string;
  readonly failures: number;
  readonly error?: { readonly reason: string };
}

/** A page of metrics, and when it was asked for. */
class Good {
  readonly asked: number[] = [];
  readonly #server: Server = createServer((_, response) => {
    this.asked.push(Date.now());
    response.end("fine 1\n");
  });

  async listen(host: string): Promise<string> {
    await new Promise<void>((resolve) => void this.#server.listen(0, host, resolve));
    return `${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Turns since a time that passed without a question, by the first question and the last. */
  missed(since: number): number {
    const asked = this.asked.filter((time) => time >= since);
    const span = (asked.at(-1) ?? since) - (asked[0] ?? since);
    return Math.round(span / INTERVAL) - (asked.length - 1);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Takes every connection and never says anything. */
class Silent {
  open = 0;
  most = 0;
  total = 0;
  readonly #server: Socket = createSocket((socket) => {
    this.total++;
    this.most = Math.max(this.most, ++this.open);
    socket.once("close", () => this.open--).on("error", () => undefined);
    socket.resume();
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => void this.#server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
  }
}

let folder: string;
let program: Program;
let url: string;
let silent: Silent;
let silentAt: string;
// One beside the silent ones on their host, the others on another one.
const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.2"];
const goods = hosts.map(() => new Good());
let addresses: string[];

/** Writes the configuration: the good ones, and many at one address that is none. */
async function configure(bad: string | undefined): Promise<void> {
  const groups = Array.from({ length: bad === undefined ? 0 : MANY }, (_, index) => ({
    targets: [bad],
    labels: { __metrics_path__: `/${index}`, number: String(index) },
  }));
  const slow = { scrape_interval: "15s", scrape_timeout: "2s" };
  const times = { scrape_interval: "2s", scrape_timeout: "2s" };
  const scrape_configs = [
    { job_name: "bad", ...slow, static_configs: groups },
    { job_name: "good", ...times, static_configs: [{ targets: addresses }] },
  ];
  await writeFile(join(folder, "plimsoll.json"), JSON.stringify({ scrape_configs }));
}

/** Ten thousand rows take a loaded machine longer than other answers. */
async function ask(path: string): Promise<string> {
  const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(60_000) });
  return response.text();
}

async function told(job: string): Promise<readonly Told[]> {
  const { targets } = JSON.parse(await ask("/targets")) as { targets: Told[] };
  return targets.filter((target) => target.job === job);
}

/** How often asking has failed for a reason. */
async function failed(reason: string): Promise<number> {
  const page = await ask("/metrics");
  const counter = "plimsoll_aggregator_scrape_failures_total";
  return Number(new RegExp(`^${counter}\\{reason="${reason}"\\} (\\d+)$`, "mu").exec(page)?.[1]);
}

async function memory(): Promise<number> {
  const status = await readFile(`/proc/${program.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1]) * 1024;
}

/** Lets the good ones be asked some times more. */
async function turns(count: number, since: number): Promise<void> {
  const enough = ({ asked }: Good): boolean => asked.filter((time) => time >= since).length > count;
  await until("the good ones' turns", () => goods.every(enough), { timeoutMs: 90_000 });
}

/** With these many beside them, nothing of the good ones' may be missing. */
async function bear(bad: string, reason: string): Promise<void> {
  const failures = await failed(reason);
  await configure(bad);
  program.signal("SIGHUP");
  await until("some to fail", async () => (await failed(reason)) > failures, { timeoutMs: 60_000 });
  // A new one among them, too, has had its first turn.
  await turns(0, 0);
  const since = Date.now();
  await turns(5, since);
  // A loaded machine may stand still for a moment, whatever the others do.
  for (const good of goods) expect(good.missed(since)).toBeLessThanOrEqual(2);
  expect(await memory()).toBeLessThan(MOST_MEMORY);
  const bads = await told("bad");
  expect(bads.filter(({ state }) => state === "up")).toEqual([]);
  expect(bads.some(({ error }) => error?.reason === reason)).toBe(true);
  expect(bads).toHaveLength(MANY);
  expect((await told("good")).map(({ state }) => state)).toEqual(goods.map(() => "up"));
}

describe("ten thousand targets at one address", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    silent = new Silent();
    silentAt = await silent.listen();
    addresses = await Promise.all(goods.map((good, index) => good.listen(hosts[index] ?? "")));
    folder = await mkdtemp(join(tmpdir(), "plimsoll-silent-"));
    await configure(undefined);
    const at = `127.0.0.1:${await freePort()}`;
    url = `http://${at}`;
    const config = `--config=${join(folder, "plimsoll.json")}`;
    program = await startProgram(["aggregator", config, `--listen=${at}`, "--history-kind=none"], {
      env: { NODE_OPTIONS: `--max-old-space-size=${MOST_HEAP}` },
    });
    await program.ready(`${url}/-/ready`);
    await turns(1, 0);
  }, 120_000);

  afterAll(async () => {
    await program?.close();
    silent?.close();
    for (const good of goods) good.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("that refuses keep no other waiting", async () => {
    await bear(`127.0.0.1:${await freePort()}`, "unreachable");
  });

  test("that never answers keep no other waiting, and hold few connections", async () => {
    await bear(silentAt, "timeout");
    expect(silent.total).toBeGreaterThan(0);
    expect(silent.most).toBeLessThanOrEqual(MOST_SOCKETS);
  });

  test("let the ones beside them begin", async () => {
    const late = new Good();
    goods.push(late);
    addresses.push(await late.listen("127.0.0.1"));
    await bear(silentAt, "timeout");
  });
});
