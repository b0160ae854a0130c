import { afterAll, beforeAll, expect, test } from "vitest";

import { dockerswarm } from "../../aggregator/discovery/dockerswarm/dockerswarm.ts";
import type { Labels } from "../../wire/labels.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type Network, openNetwork } from "../testbed/network.ts";
import type { Prometheus } from "../testbed/prometheus.ts";
import { until } from "../testbed/wait.ts";
import { discover, discoveredBy, type Found, startDiscovering } from "./discovered.ts";

const ROLES = ["services", "tasks", "nodes"] as const;

type Role = (typeof ROLES)[number];

let engine: Engine;
let prometheus: Prometheus;
const found = new Map<Role, Found>();

const entry = (role: Role): object => ({ host: engine.host, role, refresh_interval: "1s" });

function targets(role: Role): readonly Labels[] {
  return found.get(role)?.targets() ?? [];
}

/** The tasks of a service that run, as the swarm tells them. */
async function runningTasks(service: string): Promise<string[]> {
  const filters = JSON.stringify({ service: [service], "desired-state": ["running"] });
  const tasks: { ID: string; Status: { State: string } }[] = await engine.api.listTasks({
    filters,
  });
  return tasks.filter(({ Status }) => Status.State === "running").map(({ ID }) => ID);
}

/** The tasks of a service that are discovered and are to run. */
function discoveredTasks(service: string): string[] {
  const own = targets("tasks").filter(
    (labels) =>
      labels["__meta_dockerswarm_service_name"] === service &&
      labels["__meta_dockerswarm_task_desired_state"] === "running" &&
      labels["__meta_dockerswarm_task_state"] === "running",
  );
  return [...new Set(own.map((labels) => labels["__meta_dockerswarm_task_id"] ?? ""))];
}

async function scale(name: string, replicas: number): Promise<void> {
  const service = engine.api.getService(name);
  const { Spec, Version } = await service.inspect();
  await service.update({
    ...Spec,
    version: Number.parseInt(Version.Index, 10),
    Mode: { Replicated: { Replicas: replicas } },
  });
}

async function startServices(): Promise<void> {
  const network = await engine.api.createNetwork({
    Name: "backend",
    Driver: "overlay",
    Labels: { "team.name": "blue" },
  });
  const sleeper = { Image: "busybox:1", Command: ["sleep", "1000"] };
  await engine.api.createService({
    Name: "web",
    Labels: { "com.docker.stack.namespace": "shop", "prometheus-job": "web" },
    TaskTemplate: {
      ContainerSpec: { ...sleeper, Labels: { "app.tier": "front" }, Hostname: "web-host" },
      Networks: [{ Target: network.id }],
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: {
      Ports: [
        { Name: "http", Protocol: "tcp", TargetPort: 80, PublishedPort: 18_080 },
        { Protocol: "udp", TargetPort: 53, PublishedPort: 18_053 },
      ],
    },
  });
  await engine.api.createService({
    Name: "agent",
    TaskTemplate: { ContainerSpec: sleeper },
    Mode: { Global: {} },
    EndpointSpec: {
      Ports: [{ Protocol: "tcp", TargetPort: 9101, PublishedPort: 19_101, PublishMode: "host" }],
    },
  });
  await engine.api.createService({
    Name: "plain",
    TaskTemplate: { ContainerSpec: sleeper, Networks: [{ Target: network.id }] },
    Mode: { Replicated: { Replicas: 1 } },
  });
}

/** Waits until Prometheus has found the same; shows the difference if it never does. */
async function expectAgreement(role: Role): Promise<void> {
  let theirs: Labels[] = [];
  const agree = until("Prometheus to agree", async () => {
    theirs = await discoveredBy(prometheus, role);
    return theirs.length > 0 && JSON.stringify(theirs) === JSON.stringify(targets(role));
  });
  await agree.catch(() => expect(targets(role)).toEqual(theirs));
}

describeWith(["docker", "prometheus"], "dockerswarm_sd_configs beside Prometheus", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    await engine.api.swarmInit({
      ListenAddr: "127.0.0.1:2377",
      AdvertiseAddr: "127.0.0.1",
      ForceNewCluster: false,
    });
    await startServices();
    prometheus = await startDiscovering(
      Object.fromEntries(ROLES.map((role) => [role, { dockerswarm_sd_configs: [entry(role)] }])),
    );
    for (const role of ROLES) found.set(role, discover(dockerswarm, entry(role)));
    for (const name of ["web", "agent", "plain"]) {
      await until(`a task of ${name}`, async () => (await runningTasks(name)).length === 1, {
        timeoutMs: 60_000,
      }).catch(async (error: unknown) => {
        const tasks = await engine.api.listTasks();
        throw new Error(JSON.stringify(tasks.map(({ Status }: { Status: unknown }) => Status)), {
          cause: error,
        });
      });
    }
  });

  afterAll(async () => {
    for (const { discovery } of found.values()) await discovery.close();
    await prometheus?.close();
    await engine?.close();
  });

  test.each(ROLES)("finds the same %s with the same labels", async (role) => {
    await expectAgreement(role);
  });

  test("follows a service that is scaled up and down", async () => {
    for (const replicas of [3, 2]) {
      await scale("web", replicas);
      await until(`${replicas} tasks`, async () => (await runningTasks("web")).length === replicas);
      await until("the same tasks discovered", async () => {
        const [theirs, ours] = [await runningTasks("web"), discoveredTasks("web")];
        return JSON.stringify(theirs.toSorted()) === JSON.stringify(ours.toSorted());
      });
      await expectAgreement("tasks");
    }
  });

  test("forgets a service that is removed", async () => {
    const named = (): boolean =>
      targets("services").some((labels) => labels["__meta_dockerswarm_service_name"] === "plain");
    await until("the service", named);
    await engine.api.getService("plain").remove();
    await until("it to go", () => !named());
    await expectAgreement("services");
  });
});

describeWith(["docker", "network"], "a swarm of three nodes", () => {
  let network: Network;
  let engines: Engine[] = [];
  let nodes: Found;
  let tasks: Found;

  beforeAll(async () => {
    network = await openNetwork(3);
    for (const { netns } of network.hosts) {
      engines.push(await startDocker({ netns, bridge: true }));
    }
    const [manager, ...workers] = network.hosts;
    const [first, ...others] = engines;
    const at = (address: string): object => ({
      ListenAddr: `${address}:2377`,
      AdvertiseAddr: address,
      DataPathAddr: address,
    });
    await first!.api.swarmInit({ ...at(manager!.address), ForceNewCluster: false });
    const { JoinTokens } = await first!.api.swarmInspect();
    for (const [index, { address }] of workers.entries()) {
      await others[index]!.api.swarmJoin({
        ...at(address),
        RemoteAddrs: [`${manager!.address}:2377`],
        JoinToken: JoinTokens.Worker,
      });
    }
    await first!.api.createService({
      Name: "agent",
      TaskTemplate: { ContainerSpec: { Image: "busybox:1", Command: ["sleep", "1000"] } },
      Mode: { Global: {} },
      EndpointSpec: {
        Ports: [{ Protocol: "tcp", TargetPort: 9101, PublishedPort: 19_101, PublishMode: "host" }],
      },
    });
    const host = first!.host;
    nodes = discover(dockerswarm, { host, role: "nodes", port: 9101, refresh_interval: "1s" });
    const filters = [{ name: "desired-state", values: ["running"] }];
    tasks = discover(dockerswarm, { host, role: "tasks", filters, refresh_interval: "1s" });
  });

  afterAll(async () => {
    await nodes?.discovery.close();
    await tasks?.discovery.close();
    for (const one of engines) await one.close();
    engines = [];
    await network?.close();
  });

  /** Addresses of the nodes in a state. */
  const inState = (state: string): string[] =>
    (nodes.targets() ?? [])
      .filter((labels) => labels["__meta_dockerswarm_node_status"] === state)
      .map((labels) => labels["__address__"] ?? "");

  /** Addresses at which an agent runs; the engine tells a port once for IPv4 and once for IPv6. */
  const agents = (): string[] => {
    const running = (tasks.targets() ?? []).filter(
      (labels) => labels["__meta_dockerswarm_task_state"] === "running",
    );
    return [...new Set(running.map((labels) => labels["__address__"] ?? ""))];
  };

  const addresses = (port: number, count: number): string =>
    JSON.stringify(network.hosts.slice(0, count).map(({ address }) => `${address}:${port}`));

  const agree = (what: string, seen: () => string[], expected: string): Promise<boolean> =>
    until(what, () => JSON.stringify(seen().toSorted()) === expected, { timeoutMs: 60_000 });

  test("finds the nodes and an agent on each of them", async () => {
    await agree("three nodes", () => inState("ready"), addresses(9101, 3));
    await agree("three agents", agents, addresses(19_101, 3));
    const roles = nodes.targets()?.map((labels) => labels["__meta_dockerswarm_node_role"]);
    expect(roles?.toSorted()).toEqual(["manager", "worker", "worker"]);
    const leaders = nodes
      .targets()
      ?.filter((labels) => labels["__meta_dockerswarm_node_manager_leader"] === "true");
    expect(leaders).toHaveLength(1);
  });

  test("forgets the agent of a node that leaves", async () => {
    await engines[2]!.api.swarmLeave({});
    await agree("two nodes", () => inState("ready"), addresses(9101, 2));
    await agree("two agents", agents, addresses(19_101, 2));
    expect(inState("down")).toEqual([`${network.hosts[2]!.address}:9101`]);
  });
});
