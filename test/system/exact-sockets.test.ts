import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Cable, openCable } from "../testbed/cable.ts";
import { type Cgroups, openCgroups } from "../testbed/cgroups.ts";
import type { Child } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask } from "./ask.ts";
import { saidNext } from "./standing-still.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";
import { stopped } from "./stopped.ts";

let cgroups: Cgroups;
let cable: Cable;
let program: Program;
let agent: string;

const CONNECTIONS = 700;
const LISTENERS = 3;
const DATAGRAMS = 5;

/** Listens, and never reads the datagrams that it gets. */
const SERVER = `
  import { createServer } from "node:net";
  const sockets = [];
  const listen = (port) => new Promise((done) => createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    if (sockets.length === ${CONNECTIONS}) process.stdout.write("all\\n", () => process.kill(process.pid, "SIGSTOP"));
  }).listen({ port, host: "0.0.0.0", backlog: 1000 }, done));
  for (let port = 9000; port < ${9000 + LISTENERS}; port++) await listen(port);
  import { createSocket } from "node:dgram";
  const socket = createSocket("udp4");
  socket.bind(9000, () => console.log("up"));`;

/** Connects, sends datagrams once it is let go, and stops itself after each. */
const CLIENT = `
  import { connect } from "node:net";
  import { createSocket } from "node:dgram";
  const host = process.argv[2];
  for (let count = 0; count < ${CONNECTIONS}; count++) {
    await new Promise((done) => connect(9000, host, done).on("error", () => {}));
  }
  process.kill(process.pid, "SIGSTOP");
  const socket = createSocket("udp4");
  const send = () => new Promise((done) => socket.send(Buffer.alloc(100), 9000, host, done));
  for (let count = 0; count < ${DATAGRAMS}; count++) await send();
  process.stdout.write("sent\\n", () => process.kill(process.pid, "SIGSTOP"));`;

async function script(name: string, text: string): Promise<string> {
  const file = path.join(program.folder, name);
  await writeFile(file, text);
  return file;
}

/** The series of a family that a cgroup has, by the value of their label; those of zero left out. */
function valuesOf(page: string, family: string, cgroup: string): Record<string, number> {
  const lines = page.split("\n").filter((line) => line.startsWith(`${family}{id="${cgroup}",`));
  const cells = lines.map((line) => {
    const [, state = "", value] = /_state="([a-z0-9]+)"\} (\S+)$/.exec(line) ?? [];
    return [state, Number(value)] as const;
  });
  expect(new Set(cells.map(([state]) => state)).size).toBe(cells.length);
  return Object.fromEntries(cells.filter(([, value]) => value !== 0));
}

/** What the page says in the end. */
async function saidAtLast(
  family: string,
  cgroup: string,
  expected: Record<string, number>,
): Promise<Record<string, number>> {
  let said: Record<string, number> = {};
  await until("the sockets to be counted", async () => {
    said = valuesOf((await saidNext(agent, cgroup)).page, family, cgroup);
    return JSON.stringify(said) === JSON.stringify(expected);
  }).catch(() => {});
  return said;
}

/** The kernel's counters of TCP in a process's network, by lower-cased name. */
async function tcpCounters(pid: number): Promise<Map<string, number>> {
  const counters = new Map<string, number>();
  for (const [file, prefix] of [
    ["snmp", "Tcp:"],
    ["netstat", "TcpExt:"],
  ] as const) {
    const lines = (await readFile(`/proc/${pid}/net/${file}`, "utf8")).split("\n");
    const [names = "", values = ""] = lines.filter((line) => line.startsWith(`${prefix} `));
    for (const [word, name] of names.split(" ").entries()) {
      counters.set(name.toLowerCase(), Number(values.split(" ")[word]));
    }
  }
  return counters;
}

describeWith(["cgroups", "network"], "the agent's numbers of sockets", () => {
  let server: Child;
  let client: Child;
  const paths = { server: "", client: "" };

  beforeAll(async () => {
    cgroups = await openCgroups();
    cable = await openCable();
    ({ program, url: agent } = await startAgent(
      NO_ENGINE,
      "--metrics-enable=network,tcp,udp,advtcp",
    ));
    const [near, far] = cable.ends;
    const [from, to] = [await cgroups.create("client"), await cgroups.create("server")];
    Object.assign(paths, { client: from.path, server: to.path });
    const { execPath } = process;
    server = await to.run([execPath, await script("server.mjs", SERVER)], { netns: far.netns });
    await until("it to listen", () => server.stdout() !== "");
    client = await from.run([execPath, await script("client.mjs", CLIENT), far.address], {
      netns: near.netns,
    });
    await stopped(client);
    await stopped(server);
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
    await cable?.close();
  });

  test("are the TCP sockets that each end has, by state", async () => {
    const family = "container_network_tcp_usage_total";
    const ofServer = { established: CONNECTIONS, listen: LISTENERS };
    expect(await saidAtLast(family, paths.server, ofServer)).toEqual(ofServer);
    const ofClient = { established: CONNECTIONS };
    expect(await saidAtLast(family, paths.client, ofClient)).toEqual(ofClient);
    const { page } = await saidNext(agent, paths.server);
    const series = page
      .split("\n")
      .filter((line) => line.startsWith(`${family}{id="${paths.server}"`));
    expect(series).toHaveLength(11);
  });

  test("are the kernel's counters of TCP, each of them", async () => {
    const kernel = await tcpCounters(client.pid);
    const said = valuesOf(
      (await saidNext(agent, paths.client)).page,
      "container_network_advance_tcp_stats_total",
      paths.client,
    );
    expect(await tcpCounters(client.pid)).toEqual(kernel);
    expect(said).toMatchObject({ activeopens: CONNECTIONS, currestab: CONNECTIONS, maxconn: -1 });
    for (const [name, value] of Object.entries(said)) expect(value, name).toBe(kernel.get(name));
    expect(said["insegs"]).toBeGreaterThanOrEqual(CONNECTIONS);
  });

  test("are the UDP sockets with the bytes that nobody reads, and not those that are to be sent", async () => {
    client.signal("SIGCONT");
    await until("it to have sent", () => client.stdout() !== "");
    await stopped(client);
    const family = "container_network_udp_usage_total";
    const list = await readFile(`/proc/${server.pid}/net/udp`, "utf8");
    const queue = /:2328 \S+ \S+ [0-9A-F]+:([0-9A-F]+)/.exec(list)?.[1] ?? "";
    const expected = { listen: 1, rxqueued: Number.parseInt(queue, 16) };
    // The kernel counts what a packet takes up, with its own notes.
    expect(expected.rxqueued).toBeGreaterThanOrEqual(DATAGRAMS * 100);
    expect(await saidAtLast(family, paths.server, expected)).toEqual(expected);
  });

  test("have the machine's beside them, and every series once", async () => {
    const series = (await ask(`${agent}/metrics`))
      .split("\n")
      .filter((line) => line.startsWith("container_network_"))
      .map((line) => line.slice(0, line.lastIndexOf(" ")));
    expect(new Set(series).size).toBe(series.length);
    expect(series).toContain('container_network_tcp_usage_total{id="/",tcp_state="listen"}');
  });
});
