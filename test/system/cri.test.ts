import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { CriRuntime } from "../../agent/runtimes/cri/cri-runtime.ts";
import type { ContainerStats } from "../../wire/stats/answer.ts";
import { type KnownContainers, knownOf } from "../known-containers.ts";
import { logLines } from "../lib/http/log-lines.ts";
import { type Containerd, type Pod, pauseImage, startContainerd } from "../testbed/containerd.ts";
import { describeWith } from "../testbed/describe-with.ts";
import type { Program } from "../testbed/program.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask, askStats, seriesValue } from "./ask.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";

const BUSYBOX = "docker.io/library/busybox:1";
const STATES = ["created", "running", "exited", "unknown"];

/** Every container and sandbox as containerd lists it, a line each. */
async function listed({ ask: askCri }: Containerd): Promise<string> {
  const { containers } = await askCri("ListContainers");
  const { items } = await askCri("ListPodSandbox");
  const lines = [
    ...(containers as { id: string; state: number }[]).map(({ id, state }) => [id, STATES[state]]),
    ...(items as { id: string; state: number }[]).map(({ id, state }) => [
      id,
      state === 0 ? "running" : "exited",
    ]),
  ];
  return lines
    .map((line) => line.join(" "))
    .toSorted()
    .join("\n");
}

describeWith(["containerd"], "a containerd that is followed by CRI", () => {
  let engine: Containerd;
  let runtime: CriRuntime;
  let known: KnownContainers;
  let pods: Pod[];
  let looking: NodeJS.Timeout;

  beforeAll(async () => {
    engine = await startContainerd();
  });
  afterAll(() => engine?.close());

  beforeEach(async () => {
    pods = [];
    runtime = new CriRuntime(engine.socket, logLines().logger);
    known = knownOf(runtime);
    // Stands for the agent, which tells of each cgroup that comes or goes.
    looking = setInterval(() => runtime.cgroupChanged(), 300);
    await isConnected();
  });
  afterEach(async () => {
    clearInterval(looking);
    await runtime?.close();
    for (const pod of pods) await pod.remove();
  });

  async function isConnected(): Promise<void> {
    await until("containerd to be followed", () => runtime.health === "connected", {
      log: () => engine.log(),
      timeoutMs: 60_000,
    });
  }

  async function runPod(name: string, labels: Record<string, string> = {}): Promise<Pod> {
    const pod = await engine.runPod({ name, namespace: "shop", labels });
    pods.push(pod);
    return pod;
  }

  /** What was told is what containerd lists. */
  async function agree(): Promise<void> {
    await until("the runtime to tell what containerd lists", async () => {
      const told = [...known.containers.values()].map(({ id, state }) => `${id} ${state}`);
      return told.toSorted().join("\n") === (await listed(engine));
    });
  }

  test("tells two pods, their containers, and all of their lives", async () => {
    const web = await runPod("web", { app: "shop" });
    const db = await runPod("db");
    const nginx = await web.run("nginx", {
      labels: { "org.example/ü": "a\nb" },
      annotations: { "io.kubernetes.container.restartCount": "3" },
      attempt: 3,
    });
    const log = await web.run("log");
    const sql = await db.run("sql");
    await agree();
    expect(known.containers.get(nginx)).toMatchObject({
      runtime: "containerd",
      name: `k8s_nginx_web_shop_${web.uid}_3`,
      image: BUSYBOX,
      state: "running",
      restarts: 3,
      networkMode: "host",
      labels: {
        "io.kubernetes.pod.name": "web",
        "io.kubernetes.pod.namespace": "shop",
        "io.kubernetes.container.name": "nginx",
        "org.example/ü": "a\nb",
        app: "shop",
      },
    });
    await until("its start", () => known.containers.get(nginx)?.startedAt);
    expect(known.containers.get(web.id)).toMatchObject({
      name: `k8s_POD_web_shop_${web.uid}_0`,
      image: pauseImage,
    });
    expect(known.containers.get(sql)?.name).toBe(`k8s_sql_db_shop_${db.uid}_0`);

    await engine.stopContainer(nginx);
    await agree();
    expect(known.containers.get(nginx)?.state).toBe("exited");
    await engine.removeContainer(nginx);
    await engine.removeContainer(log);
    await agree();
    expect(known.actions.filter((action) => action === "destroy")).toHaveLength(2);
    await db.stop();
    await agree();
    await db.remove();
    pods.pop();
    await agree();
    expect([...known.containers.keys()]).toEqual([web.id]);
    expect([...runtime.failures]).toEqual([]);
  });

  test("agrees through ten seconds of coming and going", async () => {
    const deadline = performance.now() + 10_000;
    for (let count = 0; performance.now() < deadline; count++) {
      const pod = await runPod(`p-${count}`);
      const ids = [await pod.run("one"), await pod.run("two", { command: ["false"] })];
      if (count % 2 === 0) await engine.stopContainer(ids[0]!);
      if (count % 3 === 0) await engine.removeContainer(ids[1]!);
      if (count % 4 === 0) await pods.shift()?.remove();
    }
    await agree();
    expect(known.containers.size).toBeGreaterThan(2);
    expect([...known.containers.values()].filter(({ name }) => !/^k8s_\w+_p-/.test(name))).toEqual(
      [],
    );
  });

  test("finds containerd again after it was killed, and what ended meanwhile", async () => {
    const pod = await runPod("web");
    const id = await pod.run("nginx");
    const ends = await pod.run("ends", { command: ["sleep", "2"] });
    await agree();
    await engine.die();
    await until("the failure to be noticed", () => runtime.health === "failing");
    await sleep(2500);
    await engine.revive();
    await isConnected();
    await until("the end", () => known.containers.get(ends)?.state === "exited");
    expect(known.containers.get(id)?.state).toBe("running");
    await agree();
  });

  test("gives up waiting for a containerd that stands still, and goes on when it does", async () => {
    engine.freeze();
    try {
      await until("the failure", () => runtime.failures.get("timeout"), { timeoutMs: 60_000 });
      expect(runtime.health).toBe("failing");
    } finally {
      engine.thaw();
    }
    await isConnected();
  });
});

describeWith(["containerd"], "an agent beside containerd", () => {
  let engine: Containerd;
  let program: Program;
  let url: string;
  let pod: Pod;

  beforeAll(async () => {
    engine = await startContainerd();
    ({ program, url } = await startAgent(NO_ENGINE, `--cri-endpoint=unix://${engine.socket}`));
    pod = await engine.runPod({ name: "web-0", namespace: "shop" });
  });
  afterAll(async () => {
    await program?.close();
    await engine?.close();
  });

  async function ours(): Promise<ContainerStats[]> {
    const { containers } = await askStats(`${url}/stats`);
    return containers.filter(({ id }) => id.startsWith(`${pod.cgroup}/`));
  }

  test("shows the containers of pods by name, image and groups, each once", async () => {
    const first = await pod.run("nginx");
    const second = await pod.run("log");
    const all = await until("three containers with names", async () => {
      const found = await ours();
      return found.length === 3 && found.every(({ runtime }) => runtime === "containerd") && found;
    });
    expect(new Set(all.map(({ container_id: id }) => id))).toEqual(
      new Set([pod.id, first, second]),
    );
    expect(all.find(({ container_id: id }) => id === first)).toMatchObject({
      id: `${pod.cgroup}/${first}`,
      name: `k8s_nginx_web-0_shop_${pod.uid}_0`,
      image: BUSYBOX,
      state: "running",
      groups: { namespace: "shop", pod: "web-0", container: "nginx" },
    });
    const labels = [`name="k8s_nginx_web-0_shop_${pod.uid}_0"`, `image="${BUSYBOX}"`];
    await until("its series", async () => {
      const page = await ask(`${url}/metrics`);
      return Number(seriesValue(page, "container_memory_usage_bytes", labels)) > 0;
    });
    const sizeOf = async (group: string): Promise<number | undefined> =>
      seriesValue(await ask(`${url}/metrics`), "container_group_containers", group.split(" "));
    // The sandbox is none of the pod's containers.
    await until("the pod", async () => {
      return (await sizeOf('group="pod" name="web-0" namespace="shop"')) === 2;
    });
    expect(await sizeOf('group="namespace" name="shop"')).toBe(2);
    const state = ['"containerd"', 'state="connected"'];
    const page = await ask(`${url}/metrics`);
    expect(seriesValue(page, "plimsoll_agent_runtime_state", state)).toBe(1);
  });

  test("shows a new container within seconds though containerd tells no events, and lets it go", async () => {
    const id = await pod.run("late", { attempt: 1 });
    const isNamed = async (): Promise<boolean> =>
      (await ours()).some(({ container_id: found, name }) => found === id && name.includes("late"));
    // Far less than the minute after which all are listed again.
    await until("its name", isNamed, { timeoutMs: 20_000 });
    await engine.stopContainer(id);
    await until("its end", async () => !(await isNamed()), { timeoutMs: 20_000 });
    const events = async (): Promise<string> => ask(`${url}/metrics`);
    await until(
      "the events",
      async () =>
        seriesValue(await events(), "container_events_total", ["late", 'type="died"']) === 1,
      { timeoutMs: 20_000 },
    );
  });

  test("keeps the names when containerd dies, and finds it again", async () => {
    const before = (await ours()).map(({ name }) => name);
    await engine.die();
    const isIn = async (state: string): Promise<boolean> =>
      seriesValue(await ask(`${url}/metrics`), "plimsoll_agent_runtime_state", [
        '"containerd"',
        `state="${state}"`,
      ]) === 1;
    await until("the failure", () => isIn("failing"));
    expect((await ours()).map(({ name }) => name)).toEqual(before);
    await engine.revive();
    await until("the connection", () => isIn("connected"), { timeoutMs: 60_000 });
    expect((await ours()).map(({ name }) => name)).toEqual(before);
  });
});
