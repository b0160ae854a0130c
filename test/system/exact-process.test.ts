import { readdir, readFile, readlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Cgroups, openCgroups, type PlainCgroup } from "../testbed/cgroups.ts";
import type { Child } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { saidNext, standingStill } from "./standing-still.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";
import { stopped } from "./stopped.ts";

let cgroups: Cgroups;
let program: Program;
let agent: string;

/** What processes hold open, as the kernel lists it. */
async function heldBy(children: readonly Child[]): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const { pid } of children) {
    for (const name of await readdir(`/proc/${pid}/fd`)) {
      texts[`${pid}/${name}`] = await readlink(`/proc/${pid}/fd/${name}`);
    }
  }
  return texts;
}

interface Shown {
  readonly descriptors: number | undefined;
  readonly sockets: number | undefined;
}

function shownOn(page: string, { path: id }: PlainCgroup): Shown {
  const value = (family: string): number | undefined => seriesValue(page, family, [`id="${id}"`]);
  return { descriptors: value("container_file_descriptors"), sockets: value("container_sockets") };
}

/** Compares what the agent says with what the kernel lists, when neither moves any more. */
async function compare(cgroup: PlainCgroup, ...children: readonly Child[]): Promise<Shown> {
  // Many are counted a part in each sample: the page may lag behind the kernel for some.
  return until(
    "the agent to have counted them",
    async () => {
      const { texts, said } = await standingStill(agent, cgroup.path, () => heldBy(children));
      const held = Object.values(texts);
      const shown = shownOn(said.page, cgroup);
      return (
        shown.descriptors === held.length &&
        shown.sockets === held.filter((target) => target.startsWith("socket:")).length &&
        shown
      );
    },
    { timeoutMs: 60_000 },
  );
}

/** Opens so many files and sockets, then says so and stops itself; then closes half of the files. */
const HOLD = `
  import { closeSync, openSync } from "node:fs";
  import { createServer } from "node:net";
  const [files, sockets] = process.argv.slice(2).map(Number);
  const held = Array.from({ length: files }, () => openSync("/dev/null"));
  const listen = () => new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => done(server));
  });
  for (let count = 0; count < sockets; count++) await listen();
  process.kill(process.pid, "SIGSTOP");
  for (const file of held.splice(0, files / 2)) closeSync(file);
  process.stdout.write("closed\\n", () => process.kill(process.pid, "SIGSTOP"));`;

describeWith(["cgroups"], "the agent's numbers about processes", () => {
  beforeAll(async () => {
    cgroups = await openCgroups();
    ({ program, url: agent } = await startAgent(NO_ENGINE, "--metrics-enable=cpu,process"));
    await writeFile(path.join(program.folder, "hold.mjs"), HOLD);
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
  });

  function hold(cgroup: PlainCgroup, files: number, sockets: number): Promise<Child> {
    const script = path.join(program.folder, "hold.mjs");
    return cgroup.run([process.execPath, script, String(files), String(sockets)]);
  }

  test("are how many there are, of themselves and of threads, and how many there may be", async () => {
    const cgroup = await cgroups.create("crew");
    await writeFile(`${cgroup.folder("pids")}/pids.max`, "77");
    const free = await cgroups.create("free", { process: true });
    for (let count = 0; count < 3; count++) await cgroup.run(["sleep", "1000"]);
    const node = await hold(cgroup, 0, 0);
    await stopped(node);
    const threads = (await readdir(`/proc/${node.pid}/task`)).length;
    // A sample that was begun before may lack the last of them.
    const { page } = await until("the limit to be seen", async () => {
      const said = await saidNext(agent, cgroup.path);
      return said.page.includes(`container_threads_max{id="${cgroup.path}"} 77\n`) && said;
    });
    const value = (family: string, { path: id }: PlainCgroup): number | undefined =>
      seriesValue(page, family, [`id="${id}"`]);
    expect(value("container_processes", cgroup)).toBe(4);
    expect(value("container_threads", cgroup)).toBe(3 + threads);
    expect(value("container_processes", free)).toBe(1);
    expect(value("container_threads_max", free)).toBe(0);
    // The machine itself is not counted, so it can't be limited.
    expect(page).not.toContain('container_threads_max{id="/"}');
  });

  test("are every open file and every socket of all processes, as they open and close", async () => {
    const cgroup = await cgroups.create("holders");
    // The first socket brings some more descriptors with it.
    const none = await hold(cgroup, 0, 1);
    await stopped(none);
    const idle = await compare(cgroup, none);

    const some = await hold(cgroup, 20, 6);
    await stopped(some);
    const before = await compare(cgroup, none, some);
    expect(before.descriptors! - 2 * idle.descriptors!).toBe(25);
    expect(before.sockets! - 2 * idle.sockets!).toBe(5);

    some.signal("SIGCONT");
    await until("it to close some", () => some.stdout() !== "");
    await stopped(some);
    const after = await compare(cgroup, none, some);
    expect(after).toEqual({ descriptors: before.descriptors! - 10, sockets: before.sockets });

    await some.stop({ signal: "SIGKILL" });
    expect(await compare(cgroup, none)).toEqual(idle);
  }, 120_000);

  test("are all of very many open files, though no sample looks at all of them", async () => {
    const cgroup = await cgroups.create("many");
    const child = await hold(cgroup, 3000, 1);
    await stopped(child);
    expect((await compare(cgroup, child)).descriptors).toBeGreaterThan(3000);
  }, 120_000);

  test("are the limit of open files that the first process has", async () => {
    const cgroup = await cgroups.create("limited");
    const child = await cgroup.run(["sh", "-c", "ulimit -S -n 123; exec sleep 1000"]);
    const soft = async (): Promise<number | undefined> =>
      seriesValue(await ask(`${agent}/metrics`), "container_ulimits_soft", [
        `{id="${cgroup.path}",ulimit="max_open_files"`,
      ]);
    await until("the limit to be seen", async () => (await soft()) === 123);
    expect(await readFile(`/proc/${child.pid}/limits`, "utf8")).toMatch(/^Max open files +123 /m);
  });
});
