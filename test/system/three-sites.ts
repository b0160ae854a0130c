import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { burnCpu, type Container, pause } from "../testbed/container.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type Host, openNetwork } from "../testbed/network.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, type ProgramOptions, startProgram } from "../testbed/program.ts";
import { type SlowRelay, startSlowRelay } from "../testbed/slow-relay.ts";
import { sleep } from "../testbed/wait.ts";
import type { Mishap } from "./chaos.ts";

const HOSTS = 3;
const PORT = 8180;

/** A host, what runs on it, and what its agent has sampled. */
export interface Site {
  readonly node: string;
  readonly host: Host;
  readonly engine: Engine;
  /** What stands between its agent and the aggregators. */
  readonly relay: SlowRelay;
  /** Written by feed-recorder.mjs. */
  readonly file: string;
  readonly burner: Container;
  readonly web: Container[];
  agent: Program;
}

/** An aggregator of all sites. */
export interface Aggregator {
  readonly url: string;
  /** Of its history. */
  readonly folder: string;
  program: Program;
}

/** Three hosts and two aggregators, with everything that must be ended. */
export class Sites {
  readonly all: Site[] = [];
  readonly aggregators: Aggregator[] = [];
  readonly recorders: Program[] = [];
  /** All containers that ever were of the service `shop/web`, as `node cgroup`. */
  readonly webs: Set<string> = new Set();
  readonly #folder: string;
  /** What is to be ended, the last first. */
  readonly #endings: (() => Promise<void>)[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.#endings.push(() => rm(folder, { recursive: true, force: true }));
  }

  static async open(): Promise<Sites> {
    const sites = new Sites(await mkdtemp(join(tmpdir(), "plimsoll-three-")));
    try {
      const network = await openNetwork(HOSTS);
      sites.#endings.push(() => network.close());
      await Promise.all(network.hosts.map((host, index) => sites.#openSite(host, index)));
      for (const name of ["killed", "steady"]) await sites.#openAggregator(name);
      return sites;
    } catch (error) {
      await sites.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const end of this.#endings.splice(0).toReversed()) await end();
  }

  async startAgent({
    node,
    host,
    engine,
  }: Pick<Site, "node" | "host" | "engine">): Promise<Program> {
    const program = await this.#start(
      ["agent", `--listen=0.0.0.0:${PORT}`, `--node=${node}`, `--docker-host=${engine.host}`],
      { netns: host.netns },
    );
    await program.printed(/agent answers/, 60_000);
    return program;
  }

  async startAggregator({ url, folder }: Pick<Aggregator, "url" | "folder">): Promise<Program> {
    const program = await this.#start([
      "aggregator",
      `--listen=${url.slice("http://".length)}`,
      `--agents=${this.all.map(({ relay }) => relay.url).join(",")}`,
      "--scrape-interval=5s",
      "--scrape-timeout=4s",
      `--history-dir=${folder}`,
    ]);
    await program.ready(`${url}/-/ready`, 60_000);
    return program;
  }

  async runWeb({ node, engine }: Pick<Site, "node" | "engine">): Promise<Container> {
    const labels = { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" };
    const web = await engine.run({ cmd: burnCpu, cpus: 0.03, labels });
    this.webs.add(`${node} ${engine.cgroupParent}/${web.id}`);
    return web;
  }

  async #openSite(host: Host, index: number): Promise<void> {
    const node = `host-${index + 1}`;
    const engine = await startDocker({ netns: host.netns });
    this.#endings.push(() => engine.close());
    const burner = await engine.run({ name: "burner", cmd: burnCpu, cpus: 0.1 });
    const web = [await this.runWeb({ node, engine })];
    const agent = await this.startAgent({ node, host, engine });
    const file = join(this.#folder, `${node}.ndjson`);
    const script = join(import.meta.dirname, "feed-recorder.mjs");
    const recorder = [`http://127.0.0.1:${PORT}`, file];
    this.recorders.push(await this.#start(recorder, { netns: host.netns, script }));
    const relay = await startSlowRelay({ host: host.address, port: PORT });
    this.#endings.push(() => relay.close());
    this.all.push({ node, host, engine, relay, file, burner, web, agent });
  }

  async #openAggregator(name: string): Promise<void> {
    const at = { url: `http://127.0.0.1:${await freePort()}`, folder: join(this.#folder, name) };
    this.aggregators.push({ ...at, program: await this.startAggregator(at) });
  }

  async #start(args: readonly string[], options: ProgramOptions = {}): Promise<Program> {
    const program = await startProgram(args, options);
    this.#endings.push(() => program.close());
    return program;
  }
}

/** What may happen to the network: a cut and a delay, with all well afterwards. */
export function lineMishaps({ all }: Sites): readonly Mishap[] {
  return [
    async (dice) => {
      const { host } = dice.oneOf(all);
      await host.cut();
      await sleep(dice.between(5000, 20_000));
      await host.restore();
    },
    async (dice) => {
      const { relay } = dice.oneOf(all);
      relay.setDelay(dice.between(50, 1500));
      await sleep(dice.between(3000, 10_000));
      relay.setDelay(0);
    },
  ];
}

/** An agent or the first aggregator is killed and started again. */
export function programMishaps(sites: Sites): readonly Mishap[] {
  return [
    async (dice) => {
      const site = dice.oneOf(sites.all);
      await site.agent.kill();
      await sleep(dice.between(0, 3000));
      site.agent = await sites.startAgent(site);
    },
    async (dice) => {
      const killed = dice.oneOf(sites.aggregators.slice(0, 1));
      await killed.program.kill();
      await sleep(dice.between(0, 5000));
      killed.program = await sites.startAggregator(killed);
    },
  ];
}

/** Containers come and go, and are started again. */
export function containerMishaps(sites: Sites): readonly Mishap[] {
  return [
    async (dice) => {
      const site = dice.oneOf(sites.all);
      site.web.push(await sites.runWeb(site));
      if (site.web.length > 3) await site.web.shift()?.remove();
    },
    async (dice) => {
      const [container] = dice.oneOf(sites.all).web;
      await container?.kill();
      await sleep(dice.between(0, 2000));
      await container?.start();
    },
  ];
}

/** Holds the burners still, so that the kernel's counters stay: nanoseconds of CPU by `node cgroup`. */
export async function holdBurners({ all }: Sites): Promise<Map<string, number>> {
  const counters = new Map<string, number>();
  for (const { node, burner, engine } of all) {
    await pause(burner.api);
    const group = `${engine.cgroupParent}/${burner.id}`;
    counters.set(`${node} ${group}`, await kernelCpu(group));
  }
  return counters;
}

async function kernelCpu(group: string): Promise<number> {
  const first = `/sys/fs/cgroup/cpuacct${group}/cpuacct.usage`;
  if (existsSync(first)) return Number(await readFile(first, "utf8"));
  const text = await readFile(`/sys/fs/cgroup${group}/cpu.stat`, "utf8");
  return Number(/^usage_usec (\d+)$/m.exec(text)?.[1]) * 1000;
}
