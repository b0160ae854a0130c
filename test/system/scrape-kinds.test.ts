import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { describeWith } from "../testbed/describe-with.ts";
import { startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { type Prometheus, startPrometheus } from "../testbed/prometheus.ts";
import { until } from "../testbed/wait.ts";
import { ask } from "./ask.ts";
import { NO_ENGINE, type StartedAgent, startAgent } from "./start-agent.ts";

/** A target as our aggregator tells it. */
interface Told {
  readonly url: string;
  readonly kind?: string;
  readonly state: string;
  readonly samples: number;
  readonly note?: string;
}

let agent: StartedAgent;
let prometheus: Prometheus;
let aggregator: Program;
let silent: Server;
let url: string;
let folder: string;

async function told(): Promise<readonly Told[]> {
  const { targets } = JSON.parse(await ask(`${url}/targets`)) as { targets: Told[] };
  return targets;
}

async function listen(server: Server): Promise<string> {
  const port = await freePort();
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  return `127.0.0.1:${port}`;
}

/** Everything is found out by asking: an agent, a real Prometheus's own metrics, and nothing at all. */
describeWith(["prometheus"], "scraping whatever is there", () => {
  beforeAll(async () => {
    agent = await startAgent(NO_ENGINE);
    prometheus = await startPrometheus({ targets: [] });
    silent = createServer(() => undefined);
    const nobody = await listen(silent);
    const targets = [new URL(agent.url).host, new URL(prometheus.url).host, nobody];
    const job = {
      job_name: "all",
      scrape_interval: "1s",
      scrape_timeout: "1s",
      static_configs: [{ targets }],
    };
    const at = `127.0.0.1:${await freePort()}`;
    url = `http://${at}`;
    folder = await mkdtemp(join(tmpdir(), "plimsoll-kinds-"));
    const config = join(folder, "plimsoll.json");
    await writeFile(config, JSON.stringify({ scrape_configs: [job] }));
    const args = [`--config=${config}`, `--listen=${at}`, "--history-kind=none"];
    aggregator = await startProgram(["aggregator", ...args]);
    await aggregator.ready(`${url}/-/ready`);
  });

  afterAll(async () => {
    silent?.close();
    silent?.closeAllConnections();
    await aggregator?.close();
    await prometheus?.close();
    await agent?.program.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("finds out what each target is, and a silent one hurts nobody", async () => {
    await until("all to have been asked", async () =>
      (await told()).every(({ state }) => state !== "unknown"),
    );
    const kinds = (await told()).map(({ state, kind }) => `${state} ${kind ?? "?"}`);
    expect(kinds.toSorted()).toEqual(["down ?", "up agent", "up exposition"]);
  });

  test("hands on the newest series as Prometheus's federation does", async () => {
    const page = await until("series of Prometheus", async () => {
      const text = await ask(`${url}/federate?match[]=prometheus_build_info&match[]=up`);
      return text.includes("prometheus_build_info{") ? text : undefined;
    });
    expect(page).toContain("# TYPE up untyped\n");
    const ups = [...page.matchAll(/^up\{.*job="all".*\} ([01]) \d{13}$/gmu)].map(([, up]) => up);
    expect(ups.filter((up) => up === "1")).toHaveLength(2);
    expect(ups).toHaveLength(3);
  });
});

/** What dockerd says of itself, in a page of Go's client library with histograms and build labels. */
describeWith(["docker"], "the Docker engine's own metrics", () => {
  test("are taken in without a complaint", async () => {
    const metrics = `127.0.0.1:${await freePort()}`;
    const engine = await startDocker({ args: [`--metrics-addr=${metrics}`, "--experimental"] });
    const at = `127.0.0.1:${await freePort()}`;
    const own = await mkdtemp(join(tmpdir(), "plimsoll-dockerd-"));
    const job = {
      job_name: "dockerd",
      scrape_interval: "1s",
      static_configs: [{ targets: [metrics] }],
    };
    const config = join(own, "plimsoll.json");
    await writeFile(config, JSON.stringify({ scrape_configs: [job] }));
    const args = [`--config=${config}`, `--listen=${at}`, "--history-kind=none"];
    const program = await startProgram(["aggregator", ...args]);
    try {
      const asked = await until("dockerd to be asked", async () => {
        const { targets } = JSON.parse(await ask(`http://${at}/targets`)) as { targets: Told[] };
        return targets.find(({ state }) => state !== "unknown");
      });
      expect(asked).toMatchObject({ state: "up", kind: "exposition" });
      expect(asked.note).toBeUndefined();
      expect(asked.samples).toBeGreaterThan(100);
      const series = await ask(`http://${at}/federate?match[]={job="dockerd"}`);
      expect(series).toMatch(/^engine_daemon_engine_info\{.*job="dockerd".*\} 1 \d{13}$/mu);
      const counted = await ask(`http://${at}/metrics`);
      expect(counted).toMatch(
        /^plimsoll_aggregator_scrape_dropped_samples_total\{cause="malformed"\} 0$/mu,
      );
    } finally {
      await program.close();
      await engine.close();
      await rm(own, { recursive: true, force: true });
    }
  }, 120_000);
});
