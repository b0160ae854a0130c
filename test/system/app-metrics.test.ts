import { afterAll, beforeAll, expect, test } from "vitest";

import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type Network, openNetwork } from "../testbed/network.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { NO_CRI } from "./start-agent.ts";

const WANTED = { "prometheus.io/scrape": "true", "prometheus.io/port": "8080" };

const PAGE = `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200"} 7
process_open_fds 3
`;

/** Serves a file as /metrics. */
function httpd(makeFile: string): string[] {
  return ["sh", "-c", `mkdir /www; ${makeFile} > /www/metrics; exec httpd -f -p 8080 -h /www`];
}

/** Sends whoever asks for /cgi-bin/to to another address. */
function redirect(to: string): string[] {
  const answer = String.raw`HTTP/1.0 302 Found\r\nLocation: ${to}\r\n\r\n`;
  const script = ["#!/bin/sh", `printf "${answer}"`];
  const lines = script.map((line) => `'${line}'`).join(" ");
  const file = "/www/cgi-bin/to";
  const make = `mkdir -p /www/cgi-bin; printf '%s\\n' ${lines} > ${file}; chmod +x ${file}`;
  return ["sh", "-c", `${make}; exec httpd -f -p 8080 -h /www`];
}

let network: Network;
let engine: Engine;
let program: Program;
let url: string;

async function results(result: string): Promise<number> {
  const page = await ask(`${url}/metrics`);
  const labels = [`result="${result}"`];
  return seriesValue(page, "plimsoll_agent_app_scrapes_total", labels) ?? 0;
}

async function counted(result: string): Promise<void> {
  await until(`a scrape with the result ${result}`, async () => (await results(result)) > 0, {
    log: () => program.stderr(),
  });
}

describeWith(["docker"], "the own metrics of containers", () => {
  beforeAll(async () => {
    network = await openNetwork(1);
    const { netns, address } = network.hosts[0]!;
    // The agent stands in the same network as the engine, and so reaches the containers' bridge.
    engine = await startDocker({ netns, bridge: true });
    url = `http://${address}:8180`;
    program = await startProgram(
      [
        "agent",
        `--listen=${address}:8180`,
        `--docker-host=${engine.host}`,
        NO_CRI,
        "--app-metrics-allow=web-*",
        "--app-metrics-interval=1s",
      ],
      { netns },
    );
    await program.ready(`${url}/-/ready`);
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
    await network?.close();
  });

  test("are shown with their identity, and go with the container", async () => {
    const web = await engine.run({
      name: "web-1",
      labels: WANTED,
      network: "bridge",
      cmd: httpd(`printf '${PAGE.replaceAll("\n", "\\n")}'`),
    });
    await counted("ok");
    const page = await ask(`${url}/metrics`);
    const labels = ['name="web-1"', 'image="busybox:1"', `id="${engine.cgroupParent}/${web.id}"`];
    expect(seriesValue(page, "requests_total", [...labels, 'app_code="200"'])).toBe(7);
    expect(page).toContain("# HELP requests_total Requests.\n# TYPE requests_total counter\n");
    expect(seriesValue(page, "app_process_open_fds", labels)).toBe(3);
    await web.remove();
    await until("its series to go", async () => {
      return seriesValue(await ask(`${url}/metrics`), "requests_total") === undefined;
    });
  });

  test("are not asked for at another address, whatever the container answers", async () => {
    const other = await engine.run({
      name: "other",
      network: "bridge",
      cmd: httpd("printf 'stolen 1\\n'"),
    });
    const { NetworkSettings } = await other.api.inspect();
    const { IPAddress } = NetworkSettings.Networks["bridge"]!;
    const cmd = redirect(`http://${IPAddress}:8080/metrics`);
    const labels = { ...WANTED, "prometheus.io/path": "/cgi-bin/to" };
    const web = await engine.run({ name: "web-2", labels, network: "bridge", cmd });
    await counted("redirect");
    expect(await ask(`${url}/metrics`)).not.toContain("stolen");
    await Promise.all([web.remove(), other.remove()]);
  });

  test("are not asked for on the machine's own network", async () => {
    const cmd = httpd("printf 'stolen 1\\n'");
    const web = await engine.run({ name: "web-3", labels: WANTED, network: "host", cmd });
    await counted("host_network");
    expect(await ask(`${url}/metrics`)).not.toContain("stolen");
    await web.remove();
  });

  test("are not taken where the answer is too large", async () => {
    const cmd = httpd("yes 'stolen 1' | head -c 2000000");
    const web = await engine.run({ name: "web-4", labels: WANTED, network: "bridge", cmd });
    await counted("too_large");
    expect(await ask(`${url}/metrics`)).not.toContain("stolen");
    await web.remove();
  });

  test("are not asked for where the operator has not allowed it", async () => {
    const cmd = httpd("printf 'stolen 1\\n'");
    const secret = await engine.run({ name: "db", labels: WANTED, network: "bridge", cmd });
    const web = await engine.run({
      name: "web-5",
      labels: WANTED,
      network: "bridge",
      cmd: httpd("printf 'taken 1\\n'"),
    });
    const before = await results("ok");
    await until("two more rounds", async () => (await results("ok")) >= before + 2);
    const page = await ask(`${url}/metrics`);
    expect(seriesValue(page, "taken", ['name="web-5"'])).toBe(1);
    expect(page).not.toContain("stolen");
    await Promise.all([secret.remove(), web.remove()]);
  });
});
