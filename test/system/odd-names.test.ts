import { afterAll, beforeAll, expect, test } from "vitest";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import { type Cgroups, openCgroups } from "../testbed/cgroups.ts";
import type { Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { checkMetrics } from "../testbed/prometheus.ts";
import { until } from "../testbed/wait.ts";
import { ask, askContainer, askStats } from "./ask.ts";
import { startAgent } from "./start-agent.ts";

const NAME = `long-${"x".repeat(295)}`;
const CGROUP = `we"ird, näme\\=1 '2`;

/** As a compose file or a careless script may write them. */
const LABELS: Record<string, string> = {
  'quote"s': 'a "quoted" word',
  "new\nline": "one\ntwo\r\n\tthree",
  "back\\slash": "C:\\new\\table",
  "ключ-键": "значение 🚢",
  "": "no key",
  "no.value": "",
  "same.name": "first",
  same_name: "second",
  ["__proto__"]: "not an object",
  constructor: "neither",
  "1st": "begins with a digit",
  formula: "=1+1",
  nul: "a\u0000b\u001b[31m",
  long: "y".repeat(5000),
  "com.docker.compose.project": 'pro"ject\n1',
};

let engine: Engine;
let cgroups: Cgroups;
let program: Program;
let container: Container;
let agent: string;

async function shownContainer(): Promise<ContainerStats> {
  return until("the container", () => askContainer(agent, NAME));
}

describeWith(["docker", "cgroups", "prometheus"], "odd names", () => {
  beforeAll(async () => {
    engine = await startDocker();
    cgroups = await openCgroups();
    await cgroups.create(CGROUP, { process: true });
    ({ program, url: agent } = await startAgent(
      `--docker-host=${engine.host}`,
      "--log-format=json",
    ));
    container = await engine.run({ name: NAME, cmd: ["sleep", "1000"], labels: LABELS });
    await shownContainer();
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
    await engine?.close();
  });

  test("come out of /stats as the engine has them", async () => {
    const { Config } = await container.api.inspect();
    expect(Object.keys(Config.Labels).length).toBe(Object.keys(LABELS).length);
    const { labels, groups } = await shownContainer();
    expect(new Map(Object.entries(labels))).toEqual(new Map(Object.entries(Config.Labels)));
    expect(groups).toEqual({ compose_project: 'pro"ject\n1' });
    const lines = (await ask(`${agent}/stats?format=ndjson`)).trimEnd().split("\n");
    const names = lines.map((line) => (JSON.parse(line) as ContainerStats).name);
    expect(names).toContain(NAME);
    expect(names).toContain(`${cgroups.parent}/${CGROUP}`);
  });

  test("can be asked for", async () => {
    const one = async (path: string): Promise<string[]> =>
      (await askStats(`${agent}/stats${path}`)).containers.map(({ name }) => name);
    expect(await one(`/${NAME}`)).toEqual([NAME]);
    const cgroup = `${cgroups.parent}/${CGROUP}`;
    expect(await one(`/${encodeURIComponent(cgroup)}`)).toEqual([cgroup]);
    expect(await one(cgroup.split("/").map(encodeURIComponent).join("/"))).toEqual([cgroup]);
    for (const label of ['quote"s=a "quoted" word', "ключ-键=значение 🚢", "no.value=", "1st"]) {
      expect(await one(`?label=${encodeURIComponent(label)}`), label).toEqual([NAME]);
    }
    expect(await one("?label=toString")).toEqual([]);
    const group = encodeURIComponent('compose_project:pro"ject\n1');
    expect(await one(`?group=${group}`)).toEqual([NAME]);
  });

  test("are quoted in CSV", async () => {
    const records = parseCsv(await ask(`${agent}/stats?format=csv`));
    const [header = [], ...rows] = records;
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([header.length]));
    const names = rows.map((row) => row[header.indexOf("name")]);
    expect(names).toContain(NAME);
    expect(names).toContain(`${cgroups.parent}/${CGROUP}`);
  });

  test("leave /metrics well-formed", async () => {
    const page = await ask(`${agent}/metrics`);
    await checkMetrics(page);
    const info = page.split("\n").filter((line) => line.startsWith("container_info{"));
    expect(info).toHaveLength(1);
    expect(info[0]).toContain(`name="${NAME}"`);
    expect(info[0]).toContain(String.raw`container_label_new_line="one\ntwo`);
    expect(info[0]).toContain(String.raw`container_label_back_slash="C:\\new\\table"`);
    expect(info[0]).toContain(`container_label_______="значение 🚢"`);
    expect(info[0]).toContain('container_label_="no key"');
    // Two keys that become one name: one of them, and always the same.
    expect(info[0]!.split("container_label_same_name=").length - 1).toBe(1);
    expect(page).toContain(String.raw`id="${cgroups.parent}/we\"ird, näme\\=1 '2"`);
  });

  test("leave the log and the feed well-formed", async () => {
    for (const text of [program.stderr(), await ask(`${agent}/stats/feed`)]) {
      for (const line of text.trimEnd().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
    }
  });
});

/** RFC 4180: fields by comma, records by CRLF, quotes around what holds either or a quote. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [[]];
  const fields = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (const [, quoted, plain = "", end] of text.matchAll(fields)) {
    records.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "\r\n") records.push([]);
  }
  return records.slice(0, -1);
}
