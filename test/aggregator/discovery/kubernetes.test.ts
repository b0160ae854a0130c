import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import type { Discovery, TargetGroup } from "../../../aggregator/discovery/discovery.ts";
import { kubernetes } from "../../../aggregator/discovery/kubernetes/kubernetes.ts";
import { Fields } from "../../../lib/config/fields.ts";
import { type FakeObject, FakeKubernetes } from "../fakes/kubernetes.ts";
import { addressesOf, discoveryContext, discoveryKeepsItsPromises, type Place } from "./suite.ts";

const PODS = "/api/v1/pods";

/** A pod with one container and one port that answers at `HOST:PORT`. */
function podAt(address: string, namespace = "default"): FakeObject {
  const [ip = "", port] = address.split(":");
  const ports = [{ name: "http", containerPort: Number(port), protocol: "TCP" }];
  return {
    metadata: { name: `pod-${ip}`, namespace },
    spec: { nodeName: "node1", containers: [{ name: "web", image: "web:1", ports }] },
    status: { podIP: ip, phase: "Running" },
  };
}

async function openPlace(): Promise<Place> {
  const fake = new FakeKubernetes();
  const url = await fake.listen();
  const config = {
    api_server: url,
    role: "pod",
    authorization: { credentials: "token-of-ours" },
  };
  return {
    create: (context) => kubernetes.parse(new Fields(config, "[0]"))(context),
    show(addresses) {
      fake.failing = false;
      fake.show(
        PODS,
        addresses.map((address) => podAt(address)),
      );
    },
    fail() {
      fake.failing = true;
      fake.cut();
    },
    close: () => fake.close(),
  };
}

discoveryKeepsItsPromises("kubernetes", { open: openPlace, secrets: ["token-of-ours"] });

describe("a watch", () => {
  const closers: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function start(
    prepare: (fake: FakeKubernetes) => void,
    more: object = {},
  ): Promise<{ fake: FakeKubernetes; heard: (readonly TargetGroup[])[]; discovery: Discovery }> {
    const fake = new FakeKubernetes();
    const url = await fake.listen();
    closers.push(() => fake.close());
    prepare(fake);
    const config = { api_server: url, role: "pod", ...more };
    const discovery = kubernetes.parse(new Fields(config, "[0]"))(discoveryContext());
    closers.push(() => discovery.close());
    const heard: (readonly TargetGroup[])[] = [];
    discovery.start((groups) => void heard.push(groups));
    await expect.poll(() => heard.length > 0 && fake.watches > 0, { timeout: 10_000 }).toBe(true);
    return { fake, heard, discovery };
  }

  const known = (heard: readonly (readonly TargetGroup[])[]): string[] | undefined =>
    addressesOf(heard.at(-1));
  const lists = (fake: FakeKubernetes): URL[] =>
    fake.asked.filter((url) => !url.searchParams.has("watch"));
  const watches = (fake: FakeKubernetes): URL[] =>
    fake.asked.filter((url) => url.searchParams.has("watch"));

  test("lists once, in pages, and goes on from there", async () => {
    const { fake, heard } = await start((server) => {
      for (let i = 0; i < 2000; i++) server.put(PODS, podAt(`10.0.${i >> 8}.${i & 255}:80`));
    });
    expect(known(heard)).toHaveLength(2000);
    expect(lists(fake)).toHaveLength(8);
    fake.put(PODS, podAt("10.9.9.9:80"));
    await expect.poll(() => known(heard)?.length, { timeout: 10_000 }).toBe(2001);
    expect(lists(fake)).toHaveLength(8);
    expect(watches(fake)).toHaveLength(1);
    expect(watches(fake)[0]!.searchParams.get("allowWatchBookmarks")).toBe("true");
  });

  test("goes on after a cut in the middle of a line, and loses nothing", async () => {
    const { fake, heard } = await start((server) => server.put(PODS, podAt("a:1")));
    fake.cut();
    fake.put(PODS, podAt("b:2"));
    fake.remove(PODS, podAt("a:1"));
    await expect.poll(() => known(heard), { timeout: 10_000 }).toEqual(["b:2"]);
  });

  test("goes on from a bookmark when what was before has expired", async () => {
    const { fake, heard, discovery } = await start((server) => server.put(PODS, podAt("a:1")));
    fake.put(PODS, podAt("b:2"));
    await expect.poll(() => known(heard), { timeout: 10_000 }).toEqual(["a:1", "b:2"]);
    fake.compact();
    fake.bookmark();
    fake.endWatches();
    await expect.poll(() => fake.watches, { timeout: 10_000 }).toBe(1);
    fake.put(PODS, podAt("c:3"));
    await expect.poll(() => known(heard), { timeout: 10_000 }).toEqual(["a:1", "b:2", "c:3"]);
    expect(lists(fake)).toHaveLength(1);
    expect(discovery.state().failures).toBe(0);
  });

  test("lists anew when its version has expired", async () => {
    const { fake, heard, discovery } = await start((server) => {
      server.put(PODS, podAt("a:1"));
      server.put(PODS, podAt("b:2"));
    });
    fake.cut();
    // Happened while nobody watched, and forgotten before anybody asked.
    fake.remove(PODS, podAt("a:1"));
    fake.put(PODS, podAt("c:3"));
    fake.compact();
    await expect.poll(() => known(heard), { timeout: 20_000 }).toEqual(["b:2", "c:3"]);
    expect(lists(fake)).toHaveLength(2);
    expect(discovery.state().trouble).toBeUndefined();
  }, 30_000);

  test("asks for what it is told to, with its credentials", async () => {
    const { fake, heard } = await start(
      (server) => {
        for (const namespace of ["one", "two", "three"]) {
          server.put(PODS, podAt(`${namespace}:1`, namespace));
        }
      },
      {
        namespaces: { names: ["one", "two"] },
        selectors: [{ role: "pod", label: "app=web", field: "status.phase=Running" }],
        authorization: { credentials: "secret" },
      },
    );
    expect(known(heard)).toEqual(["one:1", "two:1"]);
    const [first] = fake.asked;
    expect(first!.pathname).toBe("/api/v1/namespaces/one/pods");
    expect(first!.searchParams.get("labelSelector")).toBe("app=web");
    expect(first!.searchParams.get("fieldSelector")).toBe("status.phase=Running");
    expect(fake.authorization).toBe("Bearer secret");
  });
});

test("a kubeconfig that comes later is read then, its token anew for each request", async () => {
  const fake = new FakeKubernetes();
  const server = await fake.listen();
  const folder = await mkdtemp(join(tmpdir(), "plimsoll-kubernetes-"));
  const logged: string[] = [];
  const config = { role: "node", kubeconfig_file: "kubeconfig" };
  const discovery = kubernetes.parse(new Fields(config, "[0]"))(discoveryContext(logged, folder));
  const heard: (readonly TargetGroup[])[] = [];
  try {
    discovery.start((groups) => void heard.push(groups));
    await expect.poll(() => discovery.state().trouble, { timeout: 10_000 }).toContain("ENOENT");
    await writeFile(join(folder, "token"), "first");
    const kubeconfig = {
      "current-context": "here",
      contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server } }],
      users: [{ name: "u", user: { tokenFile: "token" } }],
    };
    await writeFile(join(folder, "kubeconfig"), JSON.stringify(kubeconfig));
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual([[]]);
    expect(fake.authorization).toBe("Bearer first");
    await writeFile(join(folder, "token"), "second");
    await expect.poll(() => fake.watches, { timeout: 10_000 }).toBe(1);
    fake.cut();
    await expect.poll(() => fake.authorization, { timeout: 10_000 }).toBe("Bearer second");
    expect(JSON.stringify([logged, discovery.state()])).not.toMatch(/first|second/u);
  } finally {
    await discovery.close();
    fake.close();
    await rm(folder, { recursive: true });
  }
}, 60_000);

describe("kubernetes_sd_configs", () => {
  const server = { api_server: "https://10.0.0.1:6443" };

  test.each([
    [{}, "[0].role is missing"],
    [{ role: "pods" }, "[0].role must be one of node, service, pod"],
    [{ role: "pod", api_server: "10.0.0.1" }, "[0].api_server must be a URL"],
    [{ role: "pod", ...server, kubeconfig_file: "a" }, "cannot stand beside api_server"],
    [{ role: "pod", basic_auth: { username: "a" } }, "[0].basic_auth needs api_server"],
    [{ role: "pod", ...server, namespaces: { own_namespace: true } }, "own_namespace"],
    [{ role: "node", selectors: [{ role: "pod" }] }, "[0].selectors[0].role must be one of node"],
    [{ role: "pod", selectors: [{ role: "pod" }, { role: "pod" }] }, "[0].selectors[1].role is"],
    [{ role: "pod", attach_metadata: { nodes: true } }, "did you mean node?"],
  ])("refuses %j", (entry, complaint) => {
    expect(() => kubernetes.parse(new Fields(entry, "[0]"))).toThrow(complaint);
  });
});
