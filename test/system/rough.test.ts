import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, readlink, rmdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { findHierarchies } from "../../agent/cgroup/hierarchy.ts";
import { cpuMetrics } from "../../wire/metrics/cpu.ts";
import { type Cgroups, openCgroups } from "../testbed/cgroups.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { checkMetrics } from "../testbed/prometheus.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask, askContainer, askStats, seriesValue } from "./ask.ts";
import { rawSamples } from "./exactly.ts";
import { askFeed } from "./feed.ts";
import { NO_CRI } from "./start-agent.ts";

const MEBIBYTE = 1024 * 1024;

/** A state in `/proc/net/tcp`. */
const ESTABLISHED = "01";

/** An agent, and what it says of itself. */
interface Agent {
  readonly url: string;
  readonly program: Program;
  /** A number of its own from `/metrics`; 0 if it isn't there. */
  own(family: string, labels?: readonly string[]): Promise<number>;
  memoryBytes(): Promise<number>;
  descriptors(): Promise<number>;
  /** Files that it keeps open below a cgroup, whether that is still there or not. */
  openBelow(cgroup: string): Promise<number>;
  /** Cgroups below another that it samples. */
  sampledBelow(cgroup: string): Promise<number>;
  /** What it has logged at warn or above. */
  complaints(): string[];
}

async function startAgent(args: readonly string[]): Promise<Agent> {
  const listen = `127.0.0.1:${await freePort()}`;
  const url = `http://${listen}`;
  const program = await startProgram([
    "agent",
    NO_CRI,
    `--listen=${listen}`,
    "--log-format=json",
    ...args,
  ]);
  await program.ready(`${url}/-/ready`);
  return {
    url,
    program,
    own: async (family, labels) => seriesValue(await ask(`${url}/metrics`), family, labels) ?? 0,
    async memoryBytes() {
      const status = await readFile(`/proc/${program.pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    },
    descriptors: async () => (await readdir(`/proc/${program.pid}/fd`)).length,
    async openBelow(cgroup) {
      const folder = `/proc/${program.pid}/fd`;
      const links = (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => ""));
      return (await Promise.all(links)).filter((link) => link.split(`${cgroup}/`)[1]?.includes("/"))
        .length;
    },
    async sampledBelow(cgroup) {
      const { containers } = await askStats(`${url}/stats?metrics=threads`);
      return containers.filter(({ id }) => id.startsWith(`${cgroup}/`)).length;
    },
    complaints: () =>
      program
        .stderr()
        .split("\n")
        .filter((line) => /"level":[456]0/.test(line)),
  };
}

async function isReady({ url }: Agent): Promise<boolean> {
  return (await fetch(`${url}/-/ready`)).ok;
}

/** Says in the test's output what was measured: nothing is asserted of times. */
function tell(what: Record<string, number | string>): void {
  console.log(
    Object.entries(what)
      .map(([key, value]) => `${key} ${value}`)
      .join(", "),
  );
}

describeWith(["cgroups", "prometheus"], "cgroups in great numbers", () => {
  /** A machine may have ten thousand; making them takes a minute and some gigabytes of the kernel's memory. */
  const count = Number(process.env["PLIMSOLL_MANY"] ?? 2000);
  const controllers = ["cpu", "cpuacct", "memory", "pids", "blkio"];
  let cgroups: Cgroups;
  let agent: Agent;
  let folders: string[];

  beforeAll(async () => {
    cgroups = await openCgroups();
    const parent = await cgroups.create("many");
    const used = cgroups.version === 2 ? ["memory"] : controllers;
    folders = [...new Set(used.map((controller) => parent.folder(controller)))];
    agent = await startAgent(["--docker-host=/nowhere", "--window-seconds=30"]);
  });

  afterAll(async () => {
    await agent?.program.close();
    await cgroups?.close();
  });

  async function each(work: (folder: string) => Promise<unknown>): Promise<void> {
    for (const folder of folders) {
      for (let index = 0; index < count; index++) await work(join(folder, `one-${index}`));
    }
  }

  const sampled = (): Promise<number> => agent.sampledBelow(`${cgroups.parent}/many`);

  test(
    `${count} come, are sampled and go, and leave nothing behind`,
    { timeout: 600_000 },
    async () => {
      await each((folder) => mkdir(folder));
      await until("all to be sampled", async () => (await sampled()) >= count, {
        timeoutMs: 120_000,
        everyMs: 500,
      });
      const [passes, seconds] = await passesOf();
      const [laterPasses, laterSeconds] = await until(
        "some more passes",
        async () => {
          const now = await passesOf();
          return now[0] >= passes + 5 && now;
        },
        { timeoutMs: 120_000, everyMs: 500 },
      );
      await until("it to be ready", () => isReady(agent));
      const askedAt = performance.now();
      const page = await ask(`${agent.url}/metrics`);
      const pageMs = performance.now() - askedAt;
      tell({
        cgroups: count,
        "ms a pass": Math.round(((laterSeconds - seconds) / (laterPasses - passes)) * 1000),
        passes: laterPasses - passes,
        missed: await agent.own("plimsoll_agent_missed_passes_total"),
        "ms a page": Math.round(pageMs),
        "MB a page": (page.length / MEBIBYTE).toFixed(1),
        "MB of memory": Math.round((await agent.memoryBytes()) / MEBIBYTE),
        descriptors: await agent.descriptors(),
      });
      const shown = page.split("\n").filter((line) => line.includes("/many/one-"));
      const ids = new Set(shown.map((line) => /id="([^"]+)"/.exec(line)?.[1]));
      expect(ids.size).toBe(count);
      await checkMetrics(page);

      await each((folder) => rmdir(folder));
      await until("all to be forgotten", async () => (await sampled()) === 0, {
        timeoutMs: 120_000,
        everyMs: 500,
      });
      expect(await agent.openBelow(`${cgroups.parent}/many`)).toBe(0);
      expect(await ask(`${agent.url}/metrics`)).not.toContain("/many/one-");
      await until("it to be ready", () => isReady(agent));
      tell({
        "MB of memory when all have gone": Math.round((await agent.memoryBytes()) / MEBIBYTE),
      });
    },
  );

  async function passesOf(): Promise<readonly [number, number]> {
    return [
      await agent.own("plimsoll_agent_passes_total"),
      await agent.own("plimsoll_agent_pass_seconds_total"),
    ];
  }
});

describeWith(["cgroups"], "a cgroup that is made anew", () => {
  let cgroups: Cgroups;
  let agent: Agent;

  beforeAll(async () => {
    cgroups = await openCgroups();
    agent = await startAgent(["--docker-host=/nowhere"]);
  });

  afterAll(async () => {
    await agent?.program.close();
    await cgroups?.close();
  });

  test("between two passes begins again from nothing, without a negative rate", async () => {
    const path = `${cgroups.parent}/again`;
    for (let life = 0; life < 4; life++) {
      const one = await cgroups.create("again", {
        cpus: 0.5,
        process: ["sh", "-c", "while :; do :; done"],
      });
      await sleep(2300);
      // The last one is asked for below.
      if (life < 3) await one.remove();
    }
    const samples = await until("samples of several lives", async () => {
      const all = rawSamples(await askFeed(agent.url), path);
      return all.length > 4 && all;
    });
    const name = cpuMetrics.usage.name;
    const usage = samples.map(({ columns }) => columns[name] ?? Number.NaN);
    // Each life begins at nothing.
    expect(
      usage.filter((value, index) => index > 0 && value < usage[index - 1]!).length,
    ).toBeGreaterThan(1);
    const { containers } = await askStats(`${agent.url}/stats${path}?step=1s&stat=min,max`);
    for (const { series } of containers) {
      for (const cores of Object.values(series?.values["cpu_cores"] ?? {})) {
        for (const value of cores) expect(value ?? 0).toBeGreaterThanOrEqual(0);
        for (const value of cores) expect(value ?? 0).toBeLessThan(1);
      }
    }
    expect(agent.complaints()).toEqual([]);
  });
});

describeWith(["docker", "cgroups", "prometheus"], "containers that behave badly", () => {
  let engine: Engine;
  let agent: Agent;

  beforeAll(async () => {
    engine = await startDocker();
    agent = await startAgent([`--docker-host=${engine.host}`]);
  });

  afterAll(async () => {
    await agent?.program.close();
    await engine?.close();
  });

  test("a label of a megabyte stays within bounds, and the page well-formed", async () => {
    const value = `x"\\\n${"y".repeat(MEBIBYTE)}`;
    const long = await engine.run({
      name: "long",
      cmd: ["sleep", "1000"],
      labels: { long: value },
    });
    const { labels } = await until("the container", () => askContainer(agent.url, "long"));
    expect(labels["long"]).toBe(value);
    const page = await until("its page", async () => {
      const text = await ask(`${agent.url}/metrics`);
      return text.includes('name="long"') && text;
    });
    await checkMetrics(page);
    // The label stands there once, not on each series.
    expect(page.length).toBeLessThan(4 * MEBIBYTE);
    const before = await agent.memoryBytes();
    for (let asked = 0; asked < 20; asked++) await ask(`${agent.url}/metrics`);
    expect((await agent.memoryBytes()) - before).toBeLessThan(100 * MEBIBYTE);
    await long.remove();
    await until("it to be gone", async () => (await askContainer(agent.url, "long")) === undefined);
  });

  test(
    "200 that come and go at once leave nothing behind, and are no reason to complain",
    { timeout: 300_000 },
    async () => {
      const { cgroupParent } = engine;
      for (let done = 0; done < 200; done += 4) {
        await Promise.all(
          Array.from({ length: 4 }, async () => {
            const container = await engine.api.createContainer({
              Image: "busybox:1",
              Cmd: ["true"],
              HostConfig: { NetworkMode: "none", AutoRemove: true },
            });
            await container.start();
          }),
        );
      }
      await until(
        "the engine to be done",
        async () => (await engine.api.listContainers({ all: true })).length === 0,
      );
      await until("all to be forgotten", async () => {
        const left = await agent.sampledBelow(cgroupParent);
        return left === 0 && (await agent.openBelow(cgroupParent)) === 0;
      });
      expect(agent.complaints()).toEqual([]);
      await until("it to be ready", () => isReady(agent));
    },
  );

  test("one that forks as often as it may is counted, in time", async () => {
    const most = 500;
    const missed = await agent.own("plimsoll_agent_missed_passes_total");
    const bomb = await engine.run({
      name: "bomb",
      cpus: 0.5,
      pids: most,
      // Each of the four forks until it may not, which ends it; what it has started stays.
      cmd: [
        "sh",
        "-c",
        "for i in 1 2 3 4; do (while :; do sleep 1000 & done) & done; exec sleep 1000",
      ],
    });
    const folder = findHierarchies("/sys/fs/cgroup");
    const pids = join(
      (folder.all.find(({ controllers }) => controllers.has("pids")) ?? folder.all[0]!).directory,
      engine.cgroupParent,
      bomb.id,
    );
    expect(existsSync(pids)).toBe(true);
    const counted = await until("it to be full, and counted", async () => {
      const now = await askContainer(agent.url, "bomb");
      return Number(now?.latest["threads"]) === most && now;
    });
    expect(counted.limits.pids).toBe(most);
    await sleep(4000);
    const { latest } = (await askContainer(agent.url, "bomb"))!;
    for (const number of [latest["processes"], latest["threads"]]) {
      expect(Number(number)).toBeGreaterThan(0.8 * most);
      expect(Number(number)).toBeLessThanOrEqual(most);
    }
    expect((await agent.own("plimsoll_agent_missed_passes_total")) - missed).toBeLessThanOrEqual(2);
    await bomb.remove();
  });

  test("readers that never finish /metrics keep nobody waiting, and are cut off", async () => {
    await engine.run({
      name: "long",
      cmd: ["sleep", "1000"],
      labels: { long: "z".repeat(MEBIBYTE) },
    });
    const page = async (): Promise<string> => ask(`${agent.url}/metrics`);
    await until("the container", async () => (await page()).includes('name="long"'));
    // More than the kernel keeps for a connection.
    const times = Math.ceil((30 * MEBIBYTE) / (await page()).length);
    const before = await agent.memoryBytes();
    const { port, hostname } = new URL(agent.url);
    const readers = Array.from({ length: 50 }, () => {
      const socket = connect(Number(port), hostname);
      socket.pause();
      socket.on("error", () => {});
      socket.write(`GET /metrics HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`.repeat(times));
      return socket;
    });
    try {
      await sleep(2000);
      for (let asked = 0; asked < 10; asked++) {
        expect(await ask(`${agent.url}/metrics`)).toContain('name="long"');
        await sleep(300);
      }
      expect((await agent.memoryBytes()) - before).toBeLessThan(150 * MEBIBYTE);
      const ours = `:${Number(port).toString(16).toUpperCase().padStart(4, "0")}`;
      const connections = async (): Promise<number> =>
        (await readFile("/proc/net/tcp", "utf8"))
          .split("\n")
          .map((line) => line.trim().split(/ +/))
          .filter(([, local = "", , state]) => local.endsWith(ours) && state === ESTABLISHED)
          .length;
      expect(await connections()).toBeGreaterThanOrEqual(50);
      await until("them to be cut off", async () => (await connections()) < 10, {
        timeoutMs: 120_000,
        everyMs: 1000,
      });
    } finally {
      for (const socket of readers) socket.destroy();
    }
    await until("it to be ready", () => isReady(agent));
  });
});
