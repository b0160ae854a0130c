import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { parseDuration } from "../../lib/config/duration.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { type Prometheus, startPrometheus } from "../testbed/prometheus.ts";
import { until } from "../testbed/wait.ts";

/** A target as both tell it: everything but how asking it goes. */
interface Told {
  readonly url: string;
  /** Seconds. */
  readonly interval: number;
  readonly timeout: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly discovered: Readonly<Record<string, string>>;
}

/** What both find in the file and at the HTTP service. */
interface Lists {
  readonly file: unknown;
  readonly yaml: string;
  readonly http: unknown;
}

const first: Lists = {
  file: [
    { targets: ["10.0.0.1:8180", "10.0.0.2:8180"], labels: { rack: "r1", Zone: "EU-West" } },
    { targets: ["10.0.0.3:8180"], labels: { rack: "r2", drop_me: "yes", empty: "" } },
  ],
  yaml: "- targets: [10.0.1.1:9100, 10.0.1.2:9100]\n  labels: {number: 007, text: 'a b'}\n",
  http: [
    { targets: ["10.0.2.1:80", "10.0.2.2:81"], labels: { __meta_datacenter: "lon", team: "A" } },
  ],
};

const second: Lists = {
  file: [{ targets: ["10.0.0.4:8180"], labels: { rack: "r9" } }],
  yaml: "- targets: ['10.0.1.9:9100']\n",
  http: [],
};

let folder: string;
let file: string;
let service: Server;
let lists = first;
let program: Program;
let prometheus: Prometheus;
let aggregator: string;

const statics = (targets: readonly string[], labels: object = {}): object[] => [
  { targets, labels },
];

/** Every action, and of each what is special to it. */
function jobs(url: string): object[] {
  const all = ["web-1.example.org:8080", "web-2.example.org:8080", "db-1.example.org:9090"];
  const job = (name: string, relabel: readonly object[], rest: object = {}): object => ({
    job_name: name,
    static_configs: statics(all, {
      env: "Prod",
      same: "Prod",
      role: "front end",
      __meta_kept: "no",
    }),
    relabel_configs: relabel,
    ...rest,
  });
  const address = { source_labels: ["__address__"] };
  return [
    job("plain", [], { scrape_interval: "30s", scrape_timeout: "5s" }),
    job("path and parameters", [], {
      metrics_path: "/a/path",
      params: { module: ["http_2xx", "other"], "match[]": ['{job="x y"}'] },
      scheme: "https",
      tls_config: { insecure_skip_verify: true },
    }),
    job("replace", [
      {
        ...address,
        regex: "(.+)-(\\d+)\\.(?P<domain>[^:]+):(.*)",
        target_label: "host_$1",
        replacement: "${1}/$2/$domain/$4x/$$/${nobody}",
      },
      { ...address, regex: "web", target_label: "not_anchored", replacement: "bad" },
      { source_labels: ["env", "role"], separator: "-", target_label: "joined" },
      { target_label: "constant", replacement: "here" },
      { source_labels: ["env"], regex: "Prod", target_label: "same", replacement: "" },
      { source_labels: ["role"], regex: "(.*)", target_label: "${1}_name" },
      { source_labels: ["nothing"], regex: "", target_label: "was_empty", replacement: "yes" },
      { source_labels: ["env"], regex: "(?i:PROD)", target_label: "flagged", replacement: "yes" },
    ]),
    job("keep", [{ ...address, regex: "web-.*", action: "keep" }]),
    job("drop", [{ ...address, regex: "(web-1|db-.).*", action: "DROP" }]),
    job("hashmod", [
      { ...address, modulus: 7, target_label: "seven", action: "hashmod" },
      { ...address, modulus: 1000003, target_label: "million", action: "hashmod" },
      {
        source_labels: ["nothing"],
        modulus: 9007199254740991,
        target_label: "of_nothing",
        action: "hashmod",
      },
    ]),
    job("labelmap", [
      { regex: "__meta_(.+)", action: "labelmap" },
      { regex: "(en)(v)", replacement: "${2}_$1", action: "labelmap" },
    ]),
    job("labeldrop", [{ regex: "env|same", action: "labeldrop" }]),
    job("labelkeep", [{ regex: "__.*|env|job", action: "labelkeep" }]),
    job("lowercase", [
      { source_labels: ["env", "role"], target_label: "low", action: "lowercase" },
    ]),
    job("uppercase", [{ source_labels: ["role"], target_label: "up", action: "uppercase" }]),
    job("keepequal", [{ source_labels: ["env"], target_label: "same", action: "keepequal" }]),
    job("dropequal", [{ source_labels: ["env"], target_label: "same", action: "dropequal" }]),
    job(
      "special labels",
      [
        { ...address, regex: "(.*):.*", target_label: "__address__", replacement: "$1:1234" },
        { target_label: "__scheme__", replacement: "https" },
        { target_label: "__metrics_path__", replacement: "/other" },
        { target_label: "__param_name", replacement: "a value" },
        { target_label: "__scrape_interval__", replacement: "1m30s" },
        { target_label: "__scrape_timeout__", replacement: "3s" },
        { target_label: "__tmp_mine", replacement: "gone" },
        { target_label: "job", replacement: "renamed" },
      ],
      { params: { name: ["first", "second"] } },
    ),
    job("own instance", [{ ...address, regex: "([^.]+).*", target_label: "instance" }]),
    job("one left", [
      { target_label: "__address__", replacement: "10.9.9.9:1" },
      { regex: "env|same|role", action: "labeldrop" },
    ]),
    job("no address", [{ target_label: "__address__", replacement: "" }]),
    {
      job_name: "files",
      file_sd_configs: [{ files: ["lists/*.json", "lists/more.yml"], refresh_interval: "1s" }],
      relabel_configs: [
        { source_labels: ["__meta_filepath"], regex: ".*/([^/]+)", target_label: "file" },
        { source_labels: ["Zone"], target_label: "zone", action: "lowercase" },
      ],
    },
    {
      job_name: "service",
      http_sd_configs: [{ url: `${url}/list?a=b`, refresh_interval: "1s" }],
      relabel_configs: [
        { source_labels: ["__meta_datacenter"], target_label: "dc" },
        { source_labels: ["__meta_url"], target_label: "found_at" },
      ],
    },
  ];
}

async function show(now: Lists): Promise<void> {
  lists = now;
  await writeFile(join(folder, "lists/a.json"), JSON.stringify(now.file));
  await writeFile(join(folder, "lists/more.yml"), now.yaml);
}

/**
 * Prometheus 2.42 lets relabelling write into what it calls discovered labels (mended later), so
 * these are compared only where no rule writes.
 */
const untouched = new Set([
  "plain",
  "path and parameters",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
]);

const inOrder = (told: readonly Told[]): Told[] =>
  told
    .map((one) => (untouched.has(one.labels["job"] ?? "") ? one : { ...one, discovered: {} }))
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

const keyOf = ({ url, labels, discovered }: Told): string =>
  JSON.stringify([url, textOf(labels), textOf(discovered)]);

/** Labels as one text, whatever their order. */
const textOf = (labels: Told["labels"]): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));

interface PrometheusTargets {
  readonly data: {
    readonly activeTargets: {
      readonly scrapeUrl: string;
      readonly labels: Told["labels"];
      readonly discoveredLabels: Told["labels"];
      readonly scrapeInterval: string;
      readonly scrapeTimeout: string;
    }[];
    readonly droppedTargets: { readonly discoveredLabels: Told["labels"] }[];
  };
}

async function askPrometheus(): Promise<PrometheusTargets["data"]> {
  const response = await fetch(`${prometheus.url}/api/v1/targets`);
  return ((await response.json()) as PrometheusTargets).data;
}

interface Ours {
  readonly job: string;
  readonly targets: {
    readonly scrape_url: string;
    readonly scrape_interval_seconds: number;
    readonly scrape_timeout_seconds: number;
    readonly labels: Told["labels"];
    readonly discovered_labels: Told["labels"];
  }[];
  readonly dropped_targets: {
    readonly discovered_labels: Told["labels"];
    readonly trouble?: string;
  }[];
}

async function askOurs(): Promise<Ours[]> {
  const response = await fetch(`${aggregator}/service-discovery`);
  return ((await response.json()) as { jobs: Ours[] }).jobs;
}

async function theirTargets(): Promise<Told[]> {
  const { activeTargets } = await askPrometheus();
  return inOrder(
    activeTargets.map((one) => ({
      // We write a URL in its shortest form.
      url: new URL(one.scrapeUrl).href,
      interval: parseDuration(one.scrapeInterval) ?? Number.NaN,
      timeout: parseDuration(one.scrapeTimeout) ?? Number.NaN,
      labels: one.labels,
      discovered: one.discoveredLabels,
    })),
  );
}

async function ourTargets(): Promise<Told[]> {
  const told = (await askOurs()).flatMap(({ targets }) => targets);
  return inOrder(
    told.map((one) => ({
      url: one.scrape_url,
      interval: one.scrape_interval_seconds,
      timeout: one.scrape_timeout_seconds,
      labels: one.labels,
      discovered: one.discovered_labels,
    })),
  );
}

/** Waits until Prometheus knows a target, so that it has taken up the lists. */
async function untilTheyFind(address: string): Promise<void> {
  await until(`Prometheus to find ${address}`, async () =>
    (await theirTargets()).some(({ labels }) => labels["instance"] === address),
  );
}

describeWith(["prometheus"], "the same scrape_configs in Prometheus and here", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plimsoll-sd-"));
    await mkdir(join(folder, "lists"));
    await show(first);
    service = createServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(lists.http));
    }).listen(0, "127.0.0.1");
    await once(service, "listening");
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
    const absolute = JSON.stringify({ global: {}, scrape_configs: jobs(url) }).replaceAll(
      '"lists/',
      `"${folder}/lists/`,
    );
    const relative = JSON.stringify({ global: {}, scrape_configs: jobs(url) });
    prometheus = await startPrometheus({ config: absolute });
    file = join(folder, "plimsoll.yaml");
    await writeFile(file, relative);
    aggregator = `http://127.0.0.1:${await freePort()}`;
    program = await startProgram([
      "aggregator",
      `--config=${file}`,
      `--listen=${new URL(aggregator).host}`,
      "--history-kind=none",
    ]);
    await program.ready(`${aggregator}/healthz`);
  });

  afterAll(async () => {
    await program?.close();
    await prometheus?.close();
    service?.close();
    service?.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  });

  test("the same targets with the same labels", { timeout: 90_000 }, async () => {
    await untilTheyFind("10.0.2.2:81");
    await untilTheyFind("10.0.1.2:9100");
    await untilTheyFind("web-1.example.org:8080");
    const theirs = await theirTargets();
    expect(theirs.length).toBeGreaterThan(40);
    await expect.poll(ourTargets, { timeout: 30_000 }).toEqual(theirs);
  });

  test("the same targets are dropped", { timeout: 60_000 }, async () => {
    const theirs = (await askPrometheus()).droppedTargets;
    const ours = (await askOurs()).flatMap((job) =>
      job.dropped_targets.filter(({ trouble }) => trouble === undefined),
    );
    expect(theirs.length).toBeGreaterThan(3);
    expect(ours.map((one) => textOf(one.discovered_labels)).toSorted()).toEqual(
      theirs.map((one) => textOf(one.discoveredLabels)).toSorted(),
    );
  });

  test("the same after files and service have changed", { timeout: 90_000 }, async () => {
    await show(second);
    await untilTheyFind("10.0.0.4:8180");
    await untilTheyFind("10.0.1.9:9100");
    await until("Prometheus to lose the service's targets", async () =>
      (await theirTargets()).every(({ labels }) => labels["job"] !== "service"),
    );
    const theirs = await theirTargets();
    await expect.poll(ourTargets, { timeout: 30_000 }).toEqual(theirs);
  });

  test(
    "a good file is taken up on SIGHUP, a bad one changes nothing",
    { timeout: 60_000 },
    async () => {
      const jobNames = async (): Promise<string[]> => (await askOurs()).map(({ job }) => job);
      const agents = `
scrape_configs:
  - job_name: nodes
    kind: agent
    static_configs:
      - targets: [127.0.0.1:1, "127.0.0.1:2"]
        labels: {rack: 007}
    relabel_configs:
      - {source_labels: [__address__], regex: .*:2, target_label: __metrics_path__, replacement: /node/metrics}
`;
      await writeFile(file, agents);
      program.signal("SIGHUP");
      await expect.poll(jobNames, { timeout: 20_000 }).toEqual(["nodes"]);
      await writeFile(file, agents.replace("kind: agent", "basic_auth: {pasword: hunter2}"));
      program.signal("SIGHUP");
      await program.printed(
        /scrape_configs: \[0\]\.basic_auth\.pasword is unknown; did you mean password\?/,
      );
      expect(await jobNames()).toEqual(["nodes"]);
      expect(program.stderr()).not.toContain("hunter2");
      const metrics = await (await fetch(`${aggregator}/metrics`)).text();
      expect(metrics).toContain('plimsoll_config_reloads_total{result="failure"} 1\n');
    },
  );

  test("another Prometheus finds the agents at /sd/agents", { timeout: 60_000 }, async () => {
    const http_sd_configs = [{ url: `${aggregator}/sd/agents` }];
    const config = { scrape_configs: [{ job_name: "theirs", http_sd_configs }] };
    const other = await startPrometheus({ config: JSON.stringify(config) });
    try {
      const found = async (): Promise<unknown> =>
        (await other.targets())
          .map(({ scrapeUrl, labels }) => ({ scrapeUrl, labels }))
          .toSorted((a, b) => (a.scrapeUrl < b.scrapeUrl ? -1 : 1));
      await expect.poll(found, { timeout: 40_000, interval: 200 }).toEqual([
        {
          scrapeUrl: "http://127.0.0.1:1/metrics",
          labels: { job: "theirs", instance: "127.0.0.1:1", rack: "007" },
        },
        {
          scrapeUrl: "http://127.0.0.1:2/node/metrics",
          labels: { job: "theirs", instance: "127.0.0.1:2", rack: "007" },
        },
      ]);
    } finally {
      await other.close();
    }
  });
});
