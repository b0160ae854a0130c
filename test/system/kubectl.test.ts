import { afterAll, beforeAll, expect, test } from "vitest";

import { burnCpu } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type Kubectl, openKubectl, tableOf } from "../testbed/kubectl.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, askStats } from "./ask.ts";

const METRICS = "/apis/metrics.k8s.io/v1beta1";
const MEMORY = 64 << 20;
const SLEEP = ["sleep", "1000"];

let engine: Engine;
let program: Program;
let kubectl: Kubectl;
let url: string;

interface PodMetrics {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly window: string;
  readonly containers: readonly { readonly name: string; readonly usage: Usage }[];
}

interface Usage {
  readonly cpu: string;
  readonly memory: string;
}

/** Those units that canonical quantities come in here. */
const UNITS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

function amount(quantity: string): number {
  const [, digits = "", unit = ""] = /^(\d+)(\D*)$/.exec(quantity) ?? [];
  return Number(digits) * (UNITS[unit] ?? 1);
}

async function podOf(path: string): Promise<PodMetrics> {
  return JSON.parse(await ask(`${url}${METRICS}${path}`)) as PodMetrics;
}

async function startContainers(): Promise<void> {
  const compose = (service: string): Record<string, string> => ({
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": service,
  });
  const common = { memoryBytes: MEMORY };
  await engine.run({
    ...common,
    name: "shop-web-1",
    cmd: burnCpu,
    cpus: 0.2,
    labels: { ...compose("web"), tier: "front" },
  });
  await engine.run({ ...common, name: "shop-db-1", cmd: SLEEP, labels: compose("db") });
  await engine.run({ ...common, name: "Lonely_One", cmd: SLEEP });
}

describeWith(["docker", "kubectl"], "kubectl", () => {
  beforeAll(async () => {
    engine = await startDocker();
    const [agentPort, aggregatorPort] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${aggregatorPort}`;
    program = await startProgram([
      "up",
      `--agent-listen=127.0.0.1:${agentPort}`,
      `--aggregator-listen=127.0.0.1:${aggregatorPort}`,
      `--agent-docker-host=${engine.host}`,
      "--agent-cri-endpoint=none",
      "--agent-node=host-1",
      "--aggregator-history-kind=none",
    ]);
    kubectl = await openKubectl(url);
    await program.ready(`${url}/-/ready`);
    await startContainers();
    await until(
      "all three to be measured",
      async () => {
        const list = JSON.parse(await ask(`${url}${METRICS}/pods`)) as { items: unknown[] };
        return list.items.length === 3;
      },
      { everyMs: 300, log: () => program.stderr() },
    );
  });

  afterAll(async () => {
    await kubectl?.close();
    await program?.close();
    await engine?.close();
  });

  test("finds out what there is", async () => {
    const { stdout } = await kubectl("api-resources", "--api-group=metrics.k8s.io");
    expect(stdout).toMatch(/^nodes\s+metrics\.k8s\.io\/v1beta1\s+false\s+NodeMetrics$/m);
    expect(stdout).toMatch(/^pods\s+metrics\.k8s\.io\/v1beta1\s+true\s+PodMetrics$/m);
    const version = await kubectl("version", "--short");
    expect(version.stdout).toMatch(/^Server Version: v1\.20\.0\+plimsoll/m);
  });

  test("top node shows the machine and what part of it is used", async () => {
    const [row, ...others] = tableOf(await kubectl("top", "node"));
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      NAME: "host-1",
      "CPU(cores)": expect.stringMatching(/^\d+m$/),
      "CPU%": expect.stringMatching(/^\d+%$/),
      "MEMORY(bytes)": expect.stringMatching(/^\d+Mi$/),
      "MEMORY%": expect.stringMatching(/^\d+%$/),
    });
    expect(tableOf(await kubectl("top", "node", "host-1"))).toHaveLength(1);
  });

  test("top pod shows every container in its project's namespace", async () => {
    const answer = await kubectl("top", "pod", "-A");
    const rows = tableOf(answer).map((row) => [row["NAMESPACE"], row["NAME"]]);
    expect(rows, answer.stderr).toEqual([
      ["default", "lonely-one"],
      ["shop", "shop-db-1"],
      ["shop", "shop-web-1"],
    ]);
    const inside = tableOf(await kubectl("top", "pod", "-n", "shop", "shop-web-1", "--containers"));
    expect(inside).toMatchObject([{ POD: "shop-web-1", NAME: "web" }]);
  });

  test("top and get choose by labels and fields, as often as they are asked", async () => {
    const chosen = async (...args: readonly string[]): Promise<string[]> => {
      const answer = await kubectl(...args);
      expect(answer.code, answer.stderr).toBe(0);
      return tableOf(answer).map((row) => row["NAME"] ?? "");
    };
    const service = "com.docker.compose.service";
    expect(await chosen("top", "pod", "-n", "shop", "-l", `${service}=web`)).toEqual([
      "shop-web-1",
    ]);
    expect(
      await chosen("get", "podmetrics", "-n", "shop", "-l", `${service} in (db,web),!tier`),
    ).toEqual(["shop-db-1"]);
    expect(
      await chosen("get", "podmetrics", "-n", "shop", "--field-selector=metadata.name!=shop-db-1"),
    ).toEqual(["shop-web-1"]);
  });

  test("get prints columns of nodes and pods", async () => {
    const [node] = tableOf(await kubectl("get", "nodes.metrics.k8s.io"));
    expect(node).toMatchObject({ NAME: "host-1", WINDOW: expect.stringMatching(/s$/) });
    const [row] = tableOf(await kubectl("get", "podmetrics", "-n", "shop", "shop-web-1"));
    expect(row).toMatchObject({ NAME: "shop-web-1", CPU: expect.stringMatching(/^\d+[num]?$/) });
    const pods = tableOf(await kubectl("get", "pods", "-A"));
    expect(pods).toContainEqual({
      NAMESPACE: "shop",
      NAME: "shop-web-1",
      STATUS: "Running",
      NODE: "host-1",
    });
  });

  test("says what is not there, and what it was asked wrongly", async () => {
    const nobody = await kubectl("top", "pod", "-n", "shop", "nobody");
    expect(nobody).toMatchObject({ code: 1 });
    expect(nobody.stderr).toContain(
      `Error from server (NotFound): podmetrics.metrics.k8s.io "shop/nobody" not found`,
    );
    const nowhere = await kubectl("get", "podmetrics", "-n", "nowhere");
    expect(nowhere.stderr).toContain("No resources found in nowhere namespace.");
    expect(await kubectl("top", "pod", "-n", "nowhere")).toMatchObject({ code: 0, stdout: "" });
    const wrong = await kubectl("get", "--raw", `${METRICS}/pods?labelSelector=a%20b`);
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.stderr).toContain(`unable to parse labelSelector "a b"`);
    const wrongField = await kubectl("get", "podmetrics", "--field-selector=spec.x=1");
    expect(wrongField.stderr).toContain(`"spec.x" cannot be selected by`);
    const changing = await kubectl("delete", "podmetrics", "-n", "shop", "shop-web-1");
    expect(changing.stderr).toContain("MethodNotAllowed");
  });

  test("has the numbers of /stats", async () => {
    const path = "/namespaces/shop/pods/shop-web-1";
    const spread = `${url}/stats?name=shop-web-1&window=18s&stat=min,max&metrics=cpu_cores`;
    const average = `${url}/stats?name=shop-web-1&window=15s&stat=avg`;
    const compared = await until(
      "both to be of the same seconds, and of a whole window",
      async () => {
        const pod = await podOf(path);
        const [own] = (await askStats(average)).containers;
        const [wide] = (await askStats(spread)).containers;
        const after = await podOf(path);
        const isWhole = Number.parseFloat(pod.window) >= 14;
        const isSame = JSON.stringify(pod.containers) === JSON.stringify(after.containers);
        return isWhole && isSame && { pod, own: own!, wide: wide! };
      },
    );
    const [web] = compared.pod.containers;
    expect(web).toMatchObject({ name: "web" });
    expect(amount(web!.usage.memory)).toBe(compared.own.latest["memory_working_set_bytes"]);
    const { avg } = compared.own.window["cpu_cores"]!;
    const { min, max } = compared.wide.window["cpu_cores"]!;
    // A sample on the edge of the window may count in one of the two alone.
    const edge = (max! - min!) / 5 + 1e-6;
    expect(Math.abs(amount(web!.usage.cpu) - avg!)).toBeLessThan(edge);
  });
});
