import type { ContainerStats as DockerStats } from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import type { Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { sleep, until } from "../testbed/wait.ts";
import { askStats } from "./ask.ts";
import { startAgent } from "./start-agent.ts";

const CONTAINERS = 20;

/** Some of everything that is compared; each container does one of them. */
const loads: readonly (readonly string[])[] = [
  ["while :; do :; done"],
  [
    "while :; do ping -c 3 -s 1400 172.17.0.1 >/dev/null; ping -c 1 -s 9 172.17.0.1 >/dev/null; done",
  ],
  ["while :; do dd if=/dev/zero of=/f bs=64k count=8 conv=fsync 2>/dev/null; sleep 0.3; done"],
  ["x=$(head -c 3000000 /dev/zero | tr '\\0' x); for i in 1 2 3; do sleep 10000 & done; wait"],
].map(([script = ""]) => ["sh", "-c", script]);

/** What both tell, as growing totals. */
const counters: readonly {
  readonly stat: string;
  /** In the unit of the statistic; undefined where the engine has no such number. */
  readonly ofDocker: (stats: DockerStats) => number | undefined;
}[] = [
  { stat: "cpu_cores", ofDocker: ({ cpu_stats: cpu }) => cpu.cpu_usage.total_usage / 1e9 },
  { stat: "network_receive_bytes_per_second", ofDocker: (stats) => network(stats, "rx_bytes") },
  { stat: "network_transmit_bytes_per_second", ofDocker: (stats) => network(stats, "tx_bytes") },
  {
    stat: "network_transmit_packets_per_second",
    ofDocker: (stats) => network(stats, "tx_packets"),
  },
  { stat: "fs_read_bytes_per_second", ofDocker: (stats) => block(stats, "read") },
  { stat: "fs_write_bytes_per_second", ofDocker: (stats) => block(stats, "write") },
];

function network(
  stats: DockerStats,
  of: "rx_bytes" | "tx_bytes" | "tx_packets",
): number | undefined {
  // Absent without a network of its own, whatever the types say.
  const interfaces = Object.values((stats.networks as DockerStats["networks"] | undefined) ?? {});
  if (interfaces.length === 0) return undefined;
  return interfaces.reduce((sum, each) => sum + each[of], 0);
}

function block({ blkio_stats: blkio }: DockerStats, of: string): number | undefined {
  const entries = blkio?.io_service_bytes_recursive ?? [];
  if (entries.length === 0) return undefined;
  const wanted = entries.filter(({ op }) => op.toLowerCase() === of);
  return wanted.reduce((sum, { value }) => sum + value, 0);
}

/** What `docker stats` shows as memory: usage less the inactive page cache. */
function dockerMemory({ memory_stats: memory }: DockerStats): number {
  const { total_inactive_file: v1, inactive_file: v2 } = memory.stats;
  return memory.usage - (v1 ?? v2);
}

/** A sample of /stats. */
interface Sample {
  /** Unix milliseconds. */
  readonly time: number;
  readonly latest: ContainerStats["latest"];
}

/** The samples of each container by its id, oldest first. */
type Told = Map<string, Sample[]>;

async function listen(agent: string, told: Told): Promise<void> {
  for (const { container_id: id, latest } of (await askStats(`${agent}/stats?runtime=docker`))
    .containers) {
    const samples = told.get(id ?? "") ?? [];
    const time = Date.parse(latest.time ?? "");
    if (time !== samples.at(-1)?.time) samples.push({ time, latest });
    told.set(id ?? "", samples);
  }
}

/** How much a rate has come to by each sample, since the first. */
function totals(samples: readonly Sample[], stat: string): { time: number; total: number }[] {
  let total = 0;
  return samples.map(({ time, latest }, index) => {
    const before = samples[index - 1]?.time ?? time;
    total += (Number(latest[stat]) * (time - before)) / 1000 || 0;
    return { time, total };
  });
}

/** What a growing total was at least and at most at a time. */
function bounds(
  growth: readonly { time: number; total: number }[],
  time: number,
): { least: number; most: number } {
  // Told to the millisecond, by a clock that both share.
  const before = growth.findLast((each) => each.time <= time - 2);
  const after = growth.find((each) => each.time >= time + 2);
  if (before === undefined || after === undefined) throw new Error(`no samples around ${time}`);
  return { least: before.total, most: after.total };
}

const timeOf = ({ read }: DockerStats): number => Date.parse(read);

describeWith(["docker", "network"], "docker stats and /stats, side by side", () => {
  let engine: Engine;
  let program: Program;
  let agent: string;
  const containers: Container[] = [];

  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    for (let number = 0; number < CONTAINERS; number++) {
      const cmd = loads[number % loads.length] ?? [];
      containers.push(
        await engine.run({ name: `load-${number}`, cmd, cpus: 0.04, network: "bridge" }),
      );
    }
    ({ program, url: agent } = await startAgent(`--docker-host=${engine.host}`));
    await until("all containers to be known", async () => {
      const { containers: known } = await askStats(`${agent}/stats?runtime=docker`);
      return known.filter(({ latest }) => latest["cpu_cores"] !== undefined).length === CONTAINERS;
    });
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
  });

  const askDocker = (): Promise<DockerStats[]> =>
    Promise.all(containers.map(({ api }) => api.stats({ stream: false })));

  test("tell the same of 20 containers under load", async () => {
    const told: Told = new Map();
    const over = new AbortController();
    const listening = (async () => {
      while (!over.signal.aborted) {
        await listen(agent, told);
        await sleep(150);
      }
    })();
    await sleep(2500);
    const first = await askDocker();
    await sleep(6000);
    const second = await askDocker();
    await sleep(2500);
    over.abort();
    await listening;

    const compared = new Map<string, number>();
    for (const [index, { id, name }] of containers.entries()) {
      const samples = told.get(id) ?? [];
      const [from, to] = [first[index]!, second[index]!];
      for (const { stat, ofDocker } of counters) {
        const [start, end] = [ofDocker(from), ofDocker(to)];
        if (start === undefined || end === undefined) continue;
        const growth = totals(samples, stat);
        const [early, late] = [bounds(growth, timeOf(from)), bounds(growth, timeOf(to))];
        // Rates are told as of moments rounded to a millisecond of a second.
        const slack = 0.002 * (late.most - early.least) + 1e-9;
        expect(end - start, `${name} ${stat}`).toBeGreaterThanOrEqual(
          late.least - early.most - slack,
        );
        expect(end - start, `${name} ${stat}`).toBeLessThanOrEqual(late.most - early.least + slack);
        if (end > start) compared.set(stat, (compared.get(stat) ?? 0) + 1);
      }
      for (const docker of [from, to]) expectGauges(name, samples, docker);
    }
    // Each of these has really moved somewhere.
    expect(compared.get("cpu_cores")).toBeGreaterThanOrEqual(15);
    expect(compared.get("network_receive_bytes_per_second")).toBeGreaterThanOrEqual(5);
    expect(compared.get("network_transmit_bytes_per_second")).toBeGreaterThanOrEqual(5);
  });
});

/** Memory and processes go up and down: they lie between what is told of the seconds around. */
function expectGauges(name: string, samples: readonly Sample[], docker: DockerStats): void {
  const around = samples.filter(({ time }) => Math.abs(time - timeOf(docker)) < 2100);
  const valuesOf = (stat: string): number[] => around.map(({ latest }) => Number(latest[stat]));
  const memory = valuesOf("memory_working_set_bytes");
  // What short-lived commands take, and what the kernel books in batches for each processor.
  const slack = 1024 * 1024;
  expect(dockerMemory(docker), `${name} memory`).toBeGreaterThan(Math.min(...memory) - slack);
  expect(dockerMemory(docker), `${name} memory`).toBeLessThan(Math.max(...memory) + slack);
  const threads = valuesOf("threads");
  const pids = docker.pids_stats?.current ?? Number.NaN;
  expect(pids, `${name} pids`).toBeGreaterThanOrEqual(Math.min(...threads) - 1);
  expect(pids, `${name} pids`).toBeLessThanOrEqual(Math.max(...threads) + 1);
}
