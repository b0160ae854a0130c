import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Event } from "../../wire/events/event.ts";
import type { Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type Host, type Network, openNetwork } from "../testbed/network.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { Dice, type Mishap, mishaps } from "./chaos.ts";

const SECONDS = Number(process.env["PLIMSOLL_CHAOS_SECONDS"] ?? 30);
const SEED = Number(process.env["PLIMSOLL_CHAOS_SEED"] ?? Date.now() % 1_000_000);
const CUT_MS = 15_000;
const PORT = 8180;
const SLEEP = ["sleep", "1000"];
const EAT = ["sh", "-c", "x=0123456789; while :; do x=$x$x; done"];
const WEB = { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" };

interface Site {
  readonly node: string;
  readonly url: string;
  readonly host: Host;
  readonly engine: Engine;
  agent: Program;
}

let folder: string;
let network: Network;
let sites: Site[] = [];
let url: string;
let aggregator: Program;
let follower: Program;
const programs = new Set<Program>();

async function start(args: readonly string[], more: object = {}): Promise<Program> {
  const program = await startProgram(args, more);
  programs.add(program);
  return program;
}

async function startAgent(node: string, host: Host, engine: Engine): Promise<Program> {
  const events = `--events-dir=${join(folder, node)}`;
  const program = await start(
    ["agent", `--listen=0.0.0.0:${PORT}`, `--node=${node}`, events, `--docker-host=${engine.host}`],
    { netns: host.netns },
  );
  await program.printed(/agent answers/, 60_000);
  return program;
}

async function startAggregator(): Promise<Program> {
  const program = await start([
    "aggregator",
    `--listen=${url.slice("http://".length)}`,
    `--agents=${sites.map((site) => site.url).join(",")}`,
    "--scrape-interval=1s",
    "--scrape-timeout=2s",
    "--history-kind=none",
    `--events-dir=${join(folder, "cluster")}`,
  ]);
  await program.ready(`${url}/healthz`, 60_000);
  return program;
}

async function openSite(host: Host, index: number): Promise<Site> {
  const node = `host-${index + 1}`;
  const engine = await startDocker({ netns: host.netns });
  const agent = await startAgent(node, host, engine);
  return { node, url: `http://${host.address}:${PORT}`, host, engine, agent };
}

/** All that somebody has to tell, the oldest first. */
async function eventsOf(of: string, query = ""): Promise<Event[]> {
  const { events } = JSON.parse(await ask(`${of}/events?limit=100000&${query}`)) as {
    events: Event[];
  };
  return events;
}

/** Waits for an event of the cluster. */
function told(what: string, query: string, is: (event: Event) => boolean): Promise<Event> {
  return until(what, async () => (await eventsOf(url, query)).find(is), {
    timeoutMs: 90_000,
    everyMs: 500,
    log: () => aggregator.stderr(),
  });
}

/** What may happen to containers of a host. */
function lifeOf({ engine }: Site): readonly Mishap[] {
  const doing =
    (
      cmd: readonly string[],
      work: (container: Container, dice: Dice) => Promise<unknown>,
    ): Mishap =>
    async (dice) => {
      const container = await engine.run({ cmd, memoryBytes: 16 << 20 });
      await work(container, dice);
      await container.remove();
    };
  return [
    doing(SLEEP, (container) => container.api.stop({ t: 0 })),
    doing(SLEEP, (container) => container.kill()),
    doing(SLEEP, (container) => container.api.restart({ t: 0 })),
    doing(SLEEP, (container, dice) =>
      container.api.rename({ name: `renamed-${Math.round(dice.between(0, 1e9))}` }),
    ),
    doing(["sh", "-c", "sleep 0.2; exit 3"], (container) => container.api.wait()),
    doing(EAT, (container) => container.api.wait()),
  ];
}

/** A cable is pulled; an agent and the aggregator are killed and started again. */
async function mishapsOfHosts(): Promise<void> {
  const [first, second] = sites;
  await first!.agent.kill();
  await sleep(1000);
  first!.agent = await startAgent(first!.node, first!.host, first!.engine);
  await second!.host.cut();
  await sleep(CUT_MS / 3);
  await aggregator.kill();
  aggregator = await startAggregator();
  await sleep((CUT_MS * 2) / 3);
  await second!.host.restore();
}

describeWith(["docker", "network"], "events of a cluster", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plimsoll-cluster-events-"));
    network = await openNetwork(2);
    sites = await Promise.all(network.hosts.map(openSite));
    url = `http://127.0.0.1:${await freePort()}`;
    await sites[0]!.engine.run({ name: "web-1", cmd: SLEEP, labels: WEB });
    aggregator = await startAggregator();
    for (const { node } of sites) {
      await told(`${node} to be up`, "type=node_up", (event) => event.node === node);
    }
    follower = await start(["events", `--url=${url}`, "--since=0", "--format=json"]);
  }, 180_000);

  afterAll(async () => {
    await Promise.all([...programs].map((program) => program.close()));
    await Promise.all(sites.map(({ engine }) => engine.close()));
    await network?.close();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);

  test("a service that is scaled is seen as such", async () => {
    const { engine } = sites[0]!;
    // What it has at first is known when it has not changed for a while.
    await sleep(10_000);
    const more = [
      await engine.run({ name: "web-2", cmd: SLEEP, labels: WEB }),
      await engine.run({ name: "web-3", cmd: SLEEP, labels: WEB }),
    ];
    const scaled = (to: number) => (event: Event) => event.details.to === to;
    const up = await told("three", "type=service_scaled", scaled(3));
    expect(up).toMatchObject({ node: "host-1", details: { group: "service:shop/web", from: 1 } });
    for (const container of more) await container.remove();
    const down = await told("one", "type=service_scaled&group=service:shop/web", scaled(1));
    expect(down.details).toMatchObject({ from: 3, to: 1 });
  }, 240_000);

  test(
    `each event is told once, in its host's order, whatever happens (seed ${SEED})`,
    async () => {
      const deadline = performance.now() + SECONDS * 1000;
      const lives = sites.map((site, index) =>
        mishaps(new Dice(SEED + index), deadline, [50, 500], lifeOf(site)),
      );
      await Promise.all([...lives, mishapsOfHosts()]);
      await told(
        "host-2 to be back",
        "type=node_up&node=host-2",
        (event) => "seconds" in event.details,
      );
      for (const { node, url: agentUrl } of sites) {
        const own = (await eventsOf(agentUrl)).map(({ id }) => id);
        const last = own.at(-1)!;
        await told(
          `the last event of ${node}`,
          `node=${node}`,
          (event) => event.source_id === last,
        );
        const merged = (await eventsOf(url, `node=${node}`)).map((event) => event.source_id ?? "");
        expect(merged.filter((id) => id !== "" && id <= last)).toEqual(own);
      }
    },
    (SECONDS + 300) * 1000,
  );

  test("nodes that went and came are in it, each once", async () => {
    const turns = (await eventsOf(url, "type=node_up,node_down")).filter(
      ({ node }) => node === "host-2",
    );
    expect(turns.map(({ type }) => type).join(" ")).toMatch(/^node_up( node_down node_up)+$/);
    expect(turns.find(({ type }) => type === "node_down")?.details.reason).toMatch(/answer/);
    expect(turns.at(-1)?.details.seconds).toBeGreaterThan(1);
    const page = await ask(`${url}/metrics`);
    expect(seriesValue(page, "plimsoll_node_up", ['node="host-2"'])).toBe(1);
  });

  test("who follows has read all of it, and nothing twice", async () => {
    const all = (await eventsOf(url)).map(({ id }) => id);
    const read = await until("the last event", () => {
      const lines = follower.stdout().trim().split("\n");
      const ids = lines.map((line) => (JSON.parse(line) as Event).id);
      return ids.includes(all.at(-1)!) && ids;
    });
    expect(new Set(read).size).toBe(read.length);
    const isRead = new Set(read);
    expect(all.filter((id) => !isRead.has(id))).toEqual([]);
    follower.signal("SIGINT");
    expect(await follower.ended()).toBe(0);
  });
});
