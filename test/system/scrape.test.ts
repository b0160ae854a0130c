import { createServer, type Server, type ServerResponse } from "node:http";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { type Prometheus, startPrometheus } from "../testbed/prometheus.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { allFamilies } from "./check-families.ts";
import { NO_CRI } from "./start-agent.ts";

/** How long Prometheus scrapes while containers come and go; longer where somebody has the time. */
const SECONDS = Number(process.env["PLIMSOLL_SOAK_SECONDS"] ?? 60);

/** Works a little, again and again. */
const WORK = [
  "sh",
  "-c",
  "while :; do i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; sleep 0.2; done",
];

const SHOP = { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" };

const JOBS = ["openmetrics", "text"] as const;

/** A series with all its samples of some time, as Prometheus answers. */
interface Range {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: string])[];
}

let engine: Engine;
let program: Program;
let textOnly: Server;
let prometheus: Prometheus;
let restarted: Container;
let restarts = 0;
/** What was to be seen: Unix seconds. */
let from: number;
let to: number;

/** Prometheus prefers OpenMetrics; through this it gets Prometheus's own format. */
async function startTextOnly(agent: string): Promise<{ server: Server; listen: string }> {
  const port = await freePort();
  const pass = async (response: ServerResponse): Promise<void> => {
    const answer = await fetch(`${agent}/metrics`, { headers: { accept: "text/plain" } });
    const type = answer.headers.get("content-type") ?? "";
    response.writeHead(answer.status, { "content-type": type }).end(await answer.text());
  };
  const server = createServer((_request, response) => {
    pass(response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  return { server, listen: `127.0.0.1:${port}` };
}

function configFor(targets: Readonly<Record<(typeof JOBS)[number], string>>): string {
  const jobs = JOBS.map((job) => ({
    job_name: job,
    static_configs: [{ targets: [targets[job]] }],
  }));
  return JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: jobs });
}

/** One action after the other, one a second: a start, a restart, an end, another in the same place. */
async function comeAndGo(): Promise<void> {
  const guests: Container[] = [];
  let web = await engine.run({ name: "shop-web-1", cmd: WORK, labels: SHOP });
  const start = async (turn: number): Promise<void> => {
    guests.push(await engine.run({ name: `guest-${turn}`, cmd: WORK }));
  };
  const end = async (): Promise<void> => {
    await guests.shift()?.remove();
  };
  const actions = [
    start,
    async () => {
      await restarted.kill();
      await restarted.start();
      restarts += 1;
    },
    start,
    end,
    async () => {
      await web.remove();
      web = await engine.run({ name: "shop-web-1", cmd: WORK, labels: SHOP });
    },
    end,
  ];
  for (let turn = 0; Date.now() / 1000 < to; turn += 1) {
    const next = Date.now() + 1000;
    await actions[turn % actions.length]?.(turn);
    await sleep(Math.max(next - Date.now(), 0));
  }
}

/** All samples between the first and the last second. */
async function samples(selector: string): Promise<readonly Range[]> {
  const query = `${selector}[${Math.floor(to - from)}s]`;
  const parameters = new URLSearchParams({ query, time: String(to) });
  const url = `${prometheus.url}/api/v1/query?${String(parameters)}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
  const answer = (await response.json()) as { error?: string; data: { result: Range[] } };
  expect(answer.error).toBeUndefined();
  return answer.data.result;
}

/** How often a number is less than the one before it. */
function setbacks({ values }: Range): number {
  return values.filter(([, value], at) => Number(value) < Number(values[at - 1]?.[1] ?? value))
    .length;
}

function nameOf({ metric }: Range): string {
  return JSON.stringify(metric);
}

const COUNTERS = new Set(
  allFamilies.filter(({ type }) => type === "counter").map(({ name }) => name),
);

/** Counts on when its container is started again. */
const LASTING = /^container_(?:group_|oom_|events_)/;

describeWith(["docker", "prometheus"], "a Prometheus that scrapes while containers go", () => {
  beforeAll(
    async () => {
      engine = await startDocker();
      const listen = `127.0.0.1:${await freePort()}`;
      const args = [`--listen=${listen}`, `--docker-host=${engine.host}`, "--containers-only"];
      program = await startProgram(["agent", NO_CRI, ...args]);
      await program.ready(`http://${listen}/-/ready`);
      const text = await startTextOnly(`http://${listen}`);
      textOnly = text.server;
      prometheus = await startPrometheus({
        config: configFor({ openmetrics: listen, text: text.listen }),
      });
      await engine.run({ name: "standing", cmd: WORK, cpus: 0.5, labels: SHOP });
      restarted = await engine.run({ name: "restarted", cmd: WORK });
      await until("both jobs to have seen it", async () => {
        const rows = await prometheus.query('container_last_seen{name="standing"}');
        return rows.length === JOBS.length;
      });
      from = Math.ceil(Date.now() / 1000);
      to = from + SECONDS;
      await comeAndGo();
    },
    (SECONDS + 120) * 1000,
  );

  afterAll(async () => {
    await prometheus?.close();
    await program?.close();
    await engine?.close();
    textOnly?.close();
  });

  test("has taken every sample of every scrape", async () => {
    expect(restarts).toBeGreaterThan(1);
    const own = await ask(`${prometheus.url}/metrics`);
    for (const trouble of ["duplicate_timestamp", "out_of_order", "out_of_bounds"]) {
      const counter = `prometheus_target_scrapes_sample_${trouble}_total`;
      expect(seriesValue(own, counter), counter).toBe(0);
    }
    expect(prometheus.log()).not.toMatch(/duplicate|out.of.order|level=(?:warn|error)/i);
    const ups = await samples("up");
    expect(ups).toHaveLength(JOBS.length);
    for (const up of ups) {
      expect(up.values.filter(([, value]) => value !== "1")).toEqual([]);
      expect(up.values.length).toBeGreaterThan(SECONDS * 0.9);
    }
  });

  test("has no gap in any series of a container that stands", async () => {
    for (const job of JOBS) {
      const [up] = await samples(`up{job="${job}"}`);
      const series = await samples(`{job="${job}",name="standing"}`);
      expect(series.length).toBeGreaterThan(50);
      for (const one of series) {
        const [first] = one.values[0] ?? [Number.NaN];
        const scrapes = up?.values.filter(([time]) => time >= first).map(([time]) => time);
        expect(
          one.values.map(([time]) => time),
          nameOf(one),
        ).toEqual(scrapes);
      }
    }
  });

  test("has no counter that goes back, but those of a container that was started again", async () => {
    const series = await samples(`{job=~"${JOBS.join("|")}",__name__=~"container_.+"}`);
    const counters = series.filter(({ metric }) => COUNTERS.has(metric["__name__"] ?? ""));
    expect(counters.length).toBeGreaterThan(200);
    const gone = counters.filter((one) => setbacks(one) > 0);
    const mayGoBack = ({ metric }: Range): boolean =>
      metric["name"] === restarted.name && !LASTING.test(metric["__name__"] ?? "");
    expect(gone.filter((one) => !mayGoBack(one)).map(nameOf)).toEqual([]);
    expect(gone.length).toBeGreaterThan(0);
    for (const one of gone) expect(setbacks(one), nameOf(one)).toBeLessThanOrEqual(restarts);
  });

  test("sees what a group has used only grow, though its containers are replaced", async () => {
    const series = await samples('container_group_cpu_usage_seconds_total{name="web"}');
    expect(series).toHaveLength(JOBS.length);
    for (const one of series) {
      expect(setbacks(one)).toBe(0);
      const [first, last] = [one.values.at(0), one.values.at(-1)];
      expect(Number(last?.[1])).toBeGreaterThan(Number(first?.[1]));
    }
    const resets = "resets(container_group_cpu_usage_seconds_total[1h])";
    expect((await prometheus.query(`max(${resets})`))[0]?.value[1]).toBe("0");
  });
});
