import { statSync } from "node:fs";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Child, startChild } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { cliPath } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { NO_CRI } from "./start-agent.ts";

// The table "Rights of the agent" in docs/security.md, measured.

/** `nobody`, who has no rights and no home. */
const NOBODY = ["--reuid=65534", "--regid=65534"];

/** What may be missing, by a family or a name that shows it. */
const SIGNS = {
  names: /^container_last_seen\{[^}]*name="web"/m,
  network: /^container_network_receive_bytes_total\{[^}]*CONTAINER[^}]*interface="eth0"/m,
  processes: /^container_processes\{[^}]*CONTAINER[^}]*\} 1/m,
  descriptors: /^container_file_descriptors\{[^}]*CONTAINER/m,
  layers: /^container_fs_usage_bytes\{[^}]*CONTAINER[^}]*\} [1-9]\d{5}/m,
};

type Sign = keyof typeof SIGNS;

const ALL: Sign[] = ["names", "network", "processes", "descriptors", "layers"];

const EXPECTED: Readonly<Record<string, Sign[]>> = {
  root: ALL,
  "root with the three": ALL,
  "root with dac_read_search": ["names", "network", "processes", "layers"],
  "root with sys_ptrace": ["names", "network", "processes"],
  "root without any": ["names", "network", "processes"],
  nobody: ["network", "processes"],
  "nobody with the three": ALL,
};

/** After so many passes engines have been asked and disks added up. */
const SETTLED_PASSES = 10;

let engine: Engine;
let id: string;

/** Capabilities that stay, as setpriv takes them; a user other than root gets them as ambient ones. */
function keeping(user: readonly string[], ...names: readonly string[]): string[] {
  const list = ["-all", ...names.map((name) => `+${name}`)].join(",");
  const ambient = user.length > 0 ? [`--inh-caps=${list}`, `--ambient-caps=${list}`] : [];
  return [...user, ...ambient, `--bounding-set=${list}`];
}

/** What an agent with such rights shows of the container, once that no longer changes. */
async function shown(setpriv: readonly string[], expected: readonly Sign[]): Promise<Sign[]> {
  const listen = `127.0.0.1:${await freePort()}`;
  const settings = [NO_CRI, `--listen=${listen}`, `--docker-host=${engine.host}`, "--events-dir="];
  const places = [`--docker-root=${engine.folder}/data`, "--disk-entries-per-second=100000"];
  const agent: Child = await startChild({
    command: "setpriv",
    args: [
      ...setpriv,
      process.execPath,
      cliPath,
      "agent",
      ...settings,
      ...places,
      "--metrics-enable=all",
    ],
    cwd: "/",
  });
  try {
    let found: Sign[] = [];
    await until(
      "it to show what it may",
      async () => {
        const page = await ask(`http://${listen}/metrics`);
        found = signsOn(page);
        const passes = seriesValue(page, "plimsoll_agent_passes_total") ?? 0;
        return passes >= SETTLED_PASSES && expected.every((sign) => found.includes(sign));
      },
      { timeoutMs: 90_000, log: () => agent.tail(), ended: () => agent.ended() },
    ).catch((error: unknown) => console.log(String(error)));
    return found;
  } finally {
    await agent.stop();
  }
}

function signsOn(page: string): Sign[] {
  return (Object.keys(SIGNS) as Sign[]).filter((sign) => {
    const { source, flags } = SIGNS[sign];
    return new RegExp(source.replaceAll("CONTAINER", `id="[^"]*${id}"`), flags).test(page);
  });
}

describeWith(["docker"], "an agent with fewer rights", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    const write = "mkdir /tmp/own && dd if=/dev/zero of=/tmp/own/file bs=1M count=1 2>/dev/null";
    const shut = "chmod 0700 /tmp/own && chown -R 1000:1000 /tmp/own";
    const run = "exec su -s /bin/sh user -c 'exec sleep 1000'";
    const user = "echo user:x:1000:1000::/:/bin/sh >>/etc/passwd";
    const cmd = ["sh", "-c", `${user}; ${write} && ${shut} && ${run}`];
    ({ id } = await engine.run({ name: "web", cmd, network: "bridge" }));
  });

  afterAll(async () => {
    await engine?.close();
  });

  test("shows what the rights allow", async () => {
    const group = `--groups=${statSync(engine.socket).gid}`;
    const three = ["dac_read_search", "sys_ptrace", "syslog"];
    const rights: Record<string, readonly string[]> = {
      root: [],
      "root with the three": keeping([], ...three),
      "root with dac_read_search": keeping([], "dac_read_search"),
      "root with sys_ptrace": keeping([], "sys_ptrace"),
      "root without any": keeping([]),
      nobody: [...NOBODY, "--clear-groups"],
      "nobody with the three": keeping([...NOBODY, group], ...three),
    };
    const found = await Promise.all(
      Object.entries(rights).map(async ([name, setpriv]) => {
        return [name, await shown(setpriv, EXPECTED[name] ?? [])] as const;
      }),
    );
    expect(Object.fromEntries(found)).toEqual(EXPECTED);
  });
});
