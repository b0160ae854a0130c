import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { openCgroups } from "../testbed/cgroups.ts";
import { startChild } from "../testbed/child.ts";
import { startChromium } from "../testbed/chromium.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { findLeftovers, removeRun } from "../testbed/leftovers.ts";
import { openNetwork } from "../testbed/network.ts";
import { startProgram } from "../testbed/program.ts";
import { checkMetrics, startPrometheus } from "../testbed/prometheus.ts";
import { openRunFolder } from "../testbed/run-folder.ts";
import { until } from "../testbed/wait.ts";

/** Serves one text at every path of a free port, until the test ends. */
async function servePage(type: string, text: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", type).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

/** A script in a folder of its own, until the test ends. */
async function scriptFile(text: string): Promise<string> {
  const run = await openRunFolder();
  onTestFinished(() => removeRun(run.name));
  const file = path.join(run.path, "script.mjs");
  await writeFile(file, text);
  return file;
}

describeWith(["cgroups"], "cgroups made by hand", () => {
  test("hold a process, count it, and go with it", async () => {
    const cgroups = await openCgroups();
    const name = path.basename(cgroups.parent);
    const one = await cgroups.create("one", { process: true, cpus: 0.5, memoryBytes: 64 << 20 });
    const two = await cgroups.create("two");

    expect(await one.read("pids", "pids.current")).toBe("1");
    expect(await one.read("memory", "cgroup.procs")).toBe(String(one.pid));
    expect(await two.read("memory", "cgroup.procs")).toBe("");
    expect(await readFile(`/proc/${one.pid}/cgroup`, "utf8")).toContain(one.path);

    await one.remove();
    await expect(one.read("pids", "pids.current")).rejects.toThrow(/ENOENT/);
    await cgroups.close();
    expect(findLeftovers(name)).toEqual([]);
  });
});

describeWith(["network"], "a network of hosts", () => {
  test("reaches them, loses one with its cable, and has it back", async () => {
    const network = await openNetwork(2);
    onTestFinished(() => network.close());
    const [first, second] = network.hosts;
    const script = await scriptFile(`
      import { createServer } from "node:http";
      createServer((_, response) => response.end("here")).listen(8180, () => console.log("listening"));
      process.on("SIGTERM", () => process.exit(0));`);
    const program = await startProgram([], { script, netns: first!.netns });
    onTestFinished(() => program.close());
    await program.printed(/listening/);
    const url = `http://${first!.address}:8180/`;
    const ask = (): Promise<Response> => fetch(url, { signal: AbortSignal.timeout(1000) });

    await program.ready(url);
    const asking = `fetch("${url}").then((r) => r.text()).then(console.log)`;
    const neighbour = await startChild({
      command: process.execPath,
      args: ["--eval", asking],
      netns: second!.netns,
    });
    expect(await neighbour.exited).toEqual({ code: 0, signal: null });
    expect(neighbour.stdout()).toBe("here\n");

    await first!.cut();
    await expect(ask()).rejects.toThrow();
    await first!.restore();
    await until("the host to answer again", async () => (await ask()).ok);
  });
});

describeWith(["prometheus"], "Prometheus", () => {
  const page = "# HELP apples_total Apples so far.\n# TYPE apples_total counter\napples_total 7\n";

  test("scrapes a page and answers a query", async () => {
    const address = await servePage("text/plain; version=0.0.4", page);
    const prometheus = await startPrometheus({ targets: [address] });
    onTestFinished(() => prometheus.close());

    const rows = await prometheus.queryUntilFound("apples_total");

    expect(rows.map(({ metric, value }) => [metric["instance"], value[1]])).toEqual([
      [address, "7"],
    ]);
    expect((await prometheus.targets()).map(({ health }) => health)).toEqual(["up"]);
    await expect(prometheus.query("apples_total{")).rejects.toThrow(/parse error/);
  });

  test("promtool passes a good page and complains about a bad one", async () => {
    await checkMetrics(page);
    await expect(checkMetrics(page.replaceAll("_total", ""))).rejects.toThrow(/_total/);
  });
});

describeWith(["chromium"], "Chromium", () => {
  test("shows a page, tells its errors and what it asks of others", async () => {
    const html = `<h1>hello</h1><img src="http://127.0.0.1:9/x.png"><script>throw Error("oops")</script>`;
    const address = await servePage("text/html", html);
    const browser = await startChromium();
    onTestFinished(() => browser.close());

    const { page, errors, foreignRequests } = await browser.open(`http://${address}/`);

    expect(await page.textContent("h1")).toBe("hello");
    expect(foreignRequests).toEqual(["http://127.0.0.1:9/x.png"]);
    expect(errors.join("\n")).toContain("oops");
  });
});

describeWith([], "a program", () => {
  test("is waited for, and ended by SIGTERM", async () => {
    const script = await scriptFile(
      `console.log("up", process.argv[2]);
       setInterval(() => {}, 1000);
       process.on("SIGTERM", () => process.exit(0));`,
    );
    const program = await startProgram(["--one"], { script });
    expect((await program.printed(/up (\S+)/))[1]).toBe("--one");
    await program.close();
  });

  test("fails its test when it ends with another code, or by itself while it is waited for", async () => {
    const stubborn = await scriptFile(
      `setInterval(() => {}, 1000); process.on("SIGTERM", () => process.exit(4)); console.log("up");`,
    );
    const program = await startProgram([], { script: stubborn });
    await program.printed(/up/);
    await expect(program.close()).rejects.toThrow("exit code 0, not 4");

    const short = await startProgram([], { script: await scriptFile("process.exit(2)") });
    await expect(short.printed(/up/)).rejects.toThrow("it ended with exit code 2");
    expect(await short.ended()).toBe(2);
    await short.close();
  });
});
