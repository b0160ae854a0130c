import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { describeWith } from "../testbed/describe-with.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { type Prometheus, startPrometheus } from "../testbed/prometheus.ts";
import { startVictoriaMetrics, type VictoriaMetrics } from "../testbed/victoria-metrics.ts";
import { until } from "../testbed/wait.ts";
import { ask, askStats } from "./ask.ts";
import { NO_ENGINE, type StartedAgent, startAgent } from "./start-agent.ts";

/** How long a store is away, in scrapes of a second each; longer ones are for a machine that has the time. */
const AWAY = Number(process.env["PLIMSOLL_REMOTE_WRITE_SECONDS"] ?? 15);

/** A row of a query, of one point or of many. */
interface Row {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [time: number, value: string];
  readonly values?: readonly (readonly [time: number, value: string])[];
}

let agent: StartedAgent;
let prometheus: Prometheus;
let victoria: VictoriaMetrics;
let aggregator: Program;
let url: string;
let folder: string;
/** An exposition target with a page that stands still but for its first family. */
let target: Server;
let page = "";
let ticks = 0;

async function query(store: { readonly url: string }, expression: string): Promise<Row[]> {
  const parameters = new URLSearchParams({ query: expression, nocache: "1" });
  const text = await ask(`${store.url}/api/v1/query?${String(parameters)}`);
  return (JSON.parse(text) as { data: { result: Row[] } }).data.result;
}

/** The points of the only series of a selector, as `time value`. */
async function points(store: { readonly url: string }, selector: string): Promise<string[]> {
  const [row, ...others] = await query(store, `${selector}[10m]`);
  expect(others).toEqual([]);
  return (row?.values ?? []).map(([time, value]) => `${time} ${value}`);
}

/** Values by series, without the labels that tell whose scrape it was, to so many digits. */
function byLabels(rows: readonly Row[], digits = 17): Record<string, string | undefined> {
  const entries = rows.map(({ metric, value }) => {
    const key = Object.entries(metric)
      .filter(([name]) => name !== "job" && name !== "region")
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    // One writes 1e+06, the other 1000000.
    const number = Number(value?.[1].replace("Inf", "Infinity"));
    return [JSON.stringify(key), number.toPrecision(digits)] as const;
  });
  return Object.fromEntries(entries);
}

async function startTarget(): Promise<string> {
  target = createServer((_, response) => {
    ticks += 1;
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(`# TYPE ticks_total counter\nticks_total ${ticks}\n${page}`);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => {
    target.listen(port, "127.0.0.1", resolve);
  });
  return `127.0.0.1:${port}`;
}

async function startAll(): Promise<void> {
  const at = await startTarget();
  const every = { scrape_interval: "1s", scrape_timeout: "1s" };
  const direct = { job_name: "direct", ...every, static_configs: [{ targets: [at] }] };
  prometheus = await startPrometheus({
    config: JSON.stringify({ scrape_configs: [direct] }),
    args: ["--web.enable-remote-write-receiver"],
  });
  victoria = await startVictoriaMetrics();
  // A page of a real program, with histograms, summaries, NaN and all, as it was at one moment.
  page = await ask(`${prometheus.url}/metrics`);
  page += 'odd{text="a\\nb \\"quoted\\" \\\\ ü"} -0.000001\nlarge 1e300\nwithout_end +Inf\n';
  agent = await startAgent(NO_ENGINE);
  const listen = `127.0.0.1:${await freePort()}`;
  url = `http://${listen}`;
  folder = await mkdtemp(join(tmpdir(), "plimsoll-remote-write-"));
  const config = join(folder, "plimsoll.json");
  const ours = { job_name: "ours", kind: "exposition", ...every };
  const agents = { job_name: "agents", kind: "agent", ...every };
  const dropped = { action: "drop", source_labels: ["__name__"], regex: "large" };
  await writeFile(
    config,
    JSON.stringify({
      global: { external_labels: { region: "eu", job: "never" } },
      scrape_configs: [
        { ...ours, static_configs: [{ targets: [at] }] },
        { ...agents, static_configs: [{ targets: [new URL(agent.url).host] }] },
      ],
      remote_write: [
        {
          url: `${prometheus.url}/api/v1/write`,
          name: "prometheus",
          // This one speaks 1.0 only.
          protobuf_message: "io.prometheus.write.v2.Request",
        },
        {
          url: `${victoria.url}/api/v1/write`,
          name: "victoria",
          write_relabel_configs: [dropped],
        },
      ],
    }),
  );
  const args = [`--config=${config}`, `--listen=${listen}`, "--history-kind=none"];
  aggregator = await startProgram([
    "aggregator",
    ...args,
    "--cluster-name=lab",
    "--remote-write-resolution=1s",
  ]);
  await aggregator.ready(`${url}/-/ready`);
}

describeWith(["prometheus", "victoria-metrics"], "remote write to real stores", () => {
  beforeAll(startAll);

  afterAll(async () => {
    target?.close();
    target?.closeAllConnections();
    await aggregator?.close();
    await agent?.program.close();
    await prometheus?.close();
    await victoria?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  test("PromQL finds what a scrape of the store's own finds", async () => {
    const all = '{__name__!~"ticks_total|up|scrape_.*|ALERTS.*"';
    await until("both jobs in Prometheus", async () => {
      const rows = await query(prometheus, 'count by (job) ({__name__="odd"})');
      return rows.length === 2;
    });
    const direct = await query(prometheus, `${all},job="direct"}`);
    expect(direct.length).toBeGreaterThan(250);
    const expected = byLabels(direct);
    expect(Object.values(expected)).toContain("NaN");
    expect(Object.values(expected)).toContain("Infinity");
    expect(byLabels(await query(prometheus, `${all},job="ours"}`))).toEqual(expected);
    // VictoriaMetrics keeps a NaN, and shows none; and one family was left out by relabelling.
    const shown = direct.filter(
      ({ metric, value }) => value?.[1] !== "NaN" && metric["__name__"] !== "large",
    );
    const written = await until("all series in VictoriaMetrics", async () => {
      const rows = await query(victoria, `${all},job="ours"}`);
      return rows.length >= shown.length && rows;
    });
    // It keeps decimals, of which the last digits of a double may be lost.
    expect(byLabels(written, 14)).toEqual(byLabels(shown, 14));
  });

  test("external labels are there, and override nothing", async () => {
    for (const store of [prometheus, victoria]) {
      const [up] = await until("the series in the store", async () => {
        const rows = await query(store, 'up{job="ours"}');
        return rows.length > 0 && rows;
      });
      expect(up?.metric).toMatchObject({ job: "ours", region: "eu" });
      expect(up?.value?.[1]).toBe("1");
      expect(await query(store, 'up{job="never"}')).toEqual([]);
    }
  });

  test("containers are gauges, second by second as their agent has them", async () => {
    const selector = 'plimsoll_container_memory_usage_bytes{id="/"}';
    const found = await until("points of the root cgroup", async () => {
      const [row] = await query(prometheus, `${selector}[1m]`);
      return row !== undefined && (row.values ?? []).length >= 5 && row;
    });
    const { containers, node } = await askStats(`${agent.url}/stats?step=1s&window=60s`);
    expect(found.metric).toMatchObject({ id: "/", node, cluster: "lab", region: "eu" });
    const kept = containers.find(({ id }) => id === "/")?.series;
    const bySecond = new Map(
      kept?.times.map((time, index) => [
        time + 1,
        kept.values["memory_usage_bytes"]?.["avg"]?.[index],
      ]),
    );
    const both = (found.values ?? []).filter(([time]) => bySecond.has(time));
    expect(both.length).toBeGreaterThanOrEqual(4);
    for (const [time, value] of both) {
      // Both are averages of one or two samples, added up in another order.
      expect(Number(value) / (bySecond.get(time) ?? 0)).toBeCloseTo(1, 9);
    }
    await until(
      "the same in VictoriaMetrics",
      async () => (await query(victoria, selector)).length === 1,
    );
  });

  test(
    "a store that was killed misses nothing afterwards",
    async () => {
      const selector = 'ticks_total{job="ours"}';
      const ticked = async (store: VictoriaMetrics | Prometheus, more: number): Promise<void> => {
        const before = (await points(store, selector)).length;
        await until(
          `${more} more points`,
          async () => (await points(store, selector)).length >= before + more,
          { timeoutMs: 30_000 + more * 3000, everyMs: 500 },
        );
      };
      await prometheus.kill();
      await ticked(victoria, AWAY);
      await prometheus.restart();
      await victoria.stop();
      await ticked(prometheus, Math.ceil(AWAY / 3));
      await victoria.restart();
      await ticked(victoria, 2);
      // Both have been away, each at another time, so together they know all.
      const newest = (await points(victoria, selector)).at(-1)!;
      await until("Prometheus to have what VictoriaMetrics has", async () =>
        (await points(prometheus, selector)).includes(newest),
      );
      const [one, other] = [await points(prometheus, selector), await points(victoria, selector)];
      const upTo = (all: readonly string[]): string[] => all.slice(0, all.indexOf(newest) + 1);
      expect(upTo(one).length).toBeGreaterThan(AWAY);
      expect(upTo(one)).toEqual(upTo(other));
    },
    120_000 + AWAY * 4000,
  );

  test("a target that has gone is absent at once, not after five minutes", async () => {
    target.close();
    target.closeAllConnections();
    for (const store of [prometheus, victoria]) {
      // Without a stale marker its last value would be told for five minutes.
      await until("the series to be absent", async () => {
        const rows = await query(store, 'absent(odd{job="ours"})');
        return rows.length === 1;
      });
      expect(await query(store, 'odd{job="ours"}[5m]')).toHaveLength(1);
      const [up] = await query(store, 'up{job="ours"}');
      expect(up?.value?.[1]).toBe("0");
    }
  });

  test("the log says once that the store speaks 1.0 only", () => {
    const told = aggregator.stderr().match(/does not speak remote write 2\.0/g) ?? [];
    expect(told).toHaveLength(1);
  });
});
