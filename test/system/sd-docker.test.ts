import { afterAll, beforeAll, expect, test } from "vitest";

import { docker } from "../../aggregator/discovery/docker/docker.ts";
import type { Labels } from "../../wire/labels.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Prometheus } from "../testbed/prometheus.ts";
import { until } from "../testbed/wait.ts";
import {
  discover,
  discoveredBy,
  type Found,
  inOrder,
  startDiscovering,
  without,
} from "./discovered.ts";

/** Labels that this Prometheus, 2.42, does not know yet. */
const NEWER = ["__meta_docker_container_image", "__meta_docker_container_image_id"];

/** With it Prometheus before 2.54 agrees: it takes every network. */
const EVERY_NETWORK = { match_first_network: false };

const ODD_LABELS = {
  "com.docker.compose.project": "shop",
  "prometheus-job": "web",
  "with/slash and blank": "grün",
  empty: "",
};

let engine: Engine;
let prometheus: Prometheus;
const found: Found[] = [];

const entry = (more: object = {}): object => ({
  host: engine.host,
  refresh_interval: "1s",
  ...more,
});

function ours(more: object): Found {
  const one = discover(docker, entry(more));
  found.push(one);
  return one;
}

/** Runs a container that sleeps; gives back its id. */
async function sleeper(name: string, more: object): Promise<string> {
  const container = await engine.api.createContainer({
    name,
    Image: "busybox:1",
    Cmd: ["sleep", "1000"],
    ...more,
  });
  await container.start();
  return container.id;
}

async function startContainers(): Promise<void> {
  await engine.api.createNetwork({ Name: "shop", Labels: { "team.name": "blue" } });
  const web = await sleeper("web", {
    Labels: ODD_LABELS,
    ExposedPorts: { "80/tcp": {}, "81/tcp": {}, "53/udp": {} },
    HostConfig: {
      NetworkMode: "bridge",
      PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "18080" }] },
    },
  });
  await engine.api.getNetwork("shop").connect({ Container: web });
  await sleeper("plain", { HostConfig: { NetworkMode: "bridge" } });
  await sleeper("udp", { ExposedPorts: { "53/udp": {} }, HostConfig: { NetworkMode: "shop" } });
  await sleeper("host", { HostConfig: { NetworkMode: "host" } });
  await sleeper("none", { HostConfig: { NetworkMode: "none" } });
  await sleeper("beside", { HostConfig: { NetworkMode: `container:${web}` } });
}

/** Waits until Prometheus has found the same for a job; shows the difference if it never does. */
async function expectAgreement(job: string, one: Found): Promise<void> {
  const known = (): Labels[] =>
    inOrder((one.targets() ?? []).map((labels) => without(labels, NEWER)))
      // It does not look behind the name of a container either.
      .filter((labels) => labels["__meta_docker_container_name"] !== "/beside");
  let theirs: Labels[] = [];
  const agree = until("Prometheus to agree", async () => {
    theirs = await discoveredBy(prometheus, job);
    return theirs.length > 0 && JSON.stringify(theirs) === JSON.stringify(known());
  });
  await agree.catch(() => expect(known()).toEqual(theirs));
}

describeWith(["docker", "prometheus"], "docker_sd_configs beside Prometheus", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    await startContainers();
    const filtered = { filters: [{ name: "label", values: ["prometheus-job=web"] }], port: 9100 };
    prometheus = await startDiscovering({
      all: { docker_sd_configs: [entry()] },
      filtered: { docker_sd_configs: [entry(filtered)] },
      host: { docker_sd_configs: [entry({ host_networking_host: "10.1.2.3:9" })] },
    });
    ours(EVERY_NETWORK);
    ours({ ...EVERY_NETWORK, ...filtered });
    ours({ ...EVERY_NETWORK, host_networking_host: "10.1.2.3:9" });
  });

  afterAll(async () => {
    for (const { discovery } of found) await discovery.close();
    await prometheus?.close();
    await engine?.close();
  });

  test("finds the same targets with the same labels", async () => {
    await expectAgreement("all", found[0]!);
    expect(found[0]!.targets()?.length).toBeGreaterThanOrEqual(8);
  });

  test("heeds the filters and the address for the host's network", async () => {
    await expectAgreement("filtered", found[1]!);
    const names = found[1]!.targets()?.map((labels) => labels["__meta_docker_container_name"]);
    expect(new Set(names)).toEqual(new Set(["/web"]));
    await expectAgreement("host", found[2]!);
  });

  test("takes the first network only, and that of the container it shares one with", async () => {
    const first = ours({});
    const targets = await until("a list", () => first.targets());
    const networksOf = (name: string): (string | undefined)[] =>
      targets
        .filter((labels) => labels["__meta_docker_container_name"] === name)
        .map((labels) => labels["__meta_docker_network_name"]);
    expect(networksOf("/web")).toEqual(["bridge", "bridge"]);
    expect(networksOf("/beside")).toEqual(["bridge"]);
    const image = { __meta_docker_container_image: "busybox:1" };
    expect(targets.every((labels) => labels["__meta_docker_container_image_id"])).toBe(true);
    expect(targets[0]).toMatchObject(image);
  });

  test("notices what comes and goes, and keeps its list while the engine is down", async () => {
    const [all] = found;
    const names = (): string[] =>
      (all!.targets() ?? []).map((labels) => labels["__meta_docker_container_name"] ?? "");
    const late = await sleeper("late", { HostConfig: { NetworkMode: "bridge" } });
    await until("the new container", () => names().includes("/late"));
    await expectAgreement("all", all!);
    await engine.api.getContainer(late).remove({ force: true });
    await until("it to go", () => !names().includes("/late"));
    const before = all!.targets();
    await engine.die();
    const state = await until("the trouble", () => {
      const now = all!.discovery.state();
      return now.trouble !== undefined && now;
    });
    expect(state.failures).toBeGreaterThan(0);
    expect(all!.targets()).toEqual(before);
    await engine.revive();
    await until("it to be well", () => all!.discovery.state().trouble === undefined);
  });
});
