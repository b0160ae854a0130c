import { afterEach, describe, expect, test } from "vitest";

import { consul } from "../../../aggregator/discovery/consul/consul.ts";
import { groupOfEntries } from "../../../aggregator/discovery/consul/service-entries.ts";
import type { Discovery, TargetGroup } from "../../../aggregator/discovery/discovery.ts";
import { Fields } from "../../../lib/config/fields.ts";
import { FakeConsul, type FakeEntry } from "../fakes/consul.ts";
import { addressesOf, discoveryContext, discoveryKeepsItsPromises, type Place } from "./suite.ts";

/** The example of https://developer.hashicorp.com/consul/api-docs/health#list-service-instances-for-service */
const EXAMPLE: FakeEntry = {
  Node: {
    ID: "40e4a748-2192-161a-0510-9bf59fe950b5",
    Node: "foobar",
    Address: "10.1.10.12",
    Datacenter: "dc1",
    TaggedAddresses: { lan: "10.1.10.12", wan: "10.1.10.12" },
    Meta: { "instance-type": "t2.medium" },
  },
  Service: {
    ID: "redis",
    Service: "redis",
    Tags: ["primary", "v1"],
    Address: "",
    Meta: { redis_version: "4.0" },
    Port: 8000,
    Namespace: "default",
  },
  Checks: [
    { Node: "foobar", CheckID: "service:redis", Status: "passing" },
    { Node: "foobar", CheckID: "serfHealth", Status: "passing" },
  ],
};

function instanceAt(address: string, tags: readonly string[] = []): FakeEntry {
  const [host, port] = address.split(":");
  return {
    Node: { Node: "n1", Address: "10.0.0.1" },
    Service: { ID: address, Address: host, Port: Number(port), Tags: tags },
    Checks: [],
  };
}

async function openPlace(): Promise<Place> {
  const fake = new FakeConsul();
  const server = await fake.listen();
  const config = { server, refresh_interval: "20ms", token: "token-of-ours" };
  return {
    create: (context) => consul.parse(new Fields(config, "[0]"))(context),
    show(addresses) {
      fake.failing = false;
      const entries = addresses.map((address) => instanceAt(address));
      fake.show(entries.length === 0 ? {} : { web: entries });
    },
    fail: () => fake.fail(),
    close: () => fake.close(),
  };
}

discoveryKeepsItsPromises("consul", { open: openPlace, secrets: ["token-of-ours"] });

describe("consul_sd_configs", () => {
  const closers: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function start(
    services: Record<string, readonly FakeEntry[]>,
    more: object = {},
  ): Promise<{ fake: FakeConsul; heard: (readonly TargetGroup[])[]; discovery: Discovery }> {
    const fake = new FakeConsul();
    const server = await fake.listen();
    closers.push(() => fake.close());
    fake.show(services);
    const config = { server, refresh_interval: "20ms", ...more };
    const discovery = consul.parse(new Fields(config, "[0]"))(discoveryContext());
    closers.push(() => discovery.close());
    const heard: (readonly TargetGroup[])[] = [];
    discovery.start((groups) => void heard.push(groups));
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBeGreaterThan(0);
    return { fake, heard, discovery };
  }

  const known = (heard: readonly (readonly TargetGroup[])[]): string[] | undefined =>
    addressesOf(heard.at(-1));

  test("tells an instance, its node and its health in labels", () => {
    expect(groupOfEntries({ name: "redis", datacenter: "dc1" }, [EXAMPLE], ",")).toEqual({
      source: "redis",
      labels: { __meta_consul_service: "redis", __meta_consul_dc: "dc1" },
      targets: [
        {
          __address__: "10.1.10.12:8000",
          __meta_consul_address: "10.1.10.12",
          __meta_consul_health: "passing",
          __meta_consul_metadata_instance_type: "t2.medium",
          __meta_consul_namespace: "default",
          __meta_consul_node: "foobar",
          __meta_consul_service_id: "redis",
          __meta_consul_service_metadata_redis_version: "4.0",
          __meta_consul_service_port: "8000",
          __meta_consul_tagged_address_lan: "10.1.10.12",
          __meta_consul_tagged_address_wan: "10.1.10.12",
          __meta_consul_tags: ",primary,v1,",
        },
      ],
    });
  });

  test.each([
    [[], "passing"],
    [[{ Status: "passing" }, { Status: "warning" }], "warning"],
    [[{ Status: "warning" }, { Status: "critical" }], "critical"],
    [[{ CheckID: "_node_maintenance", Status: "critical" }], "maintenance"],
    [[{ CheckID: "_service_maintenance:web", Status: "critical" }], "maintenance"],
    [[{ Status: "critical" }, { Status: "odd" }], undefined],
  ])("sums up the checks %j", (checks, health) => {
    const entry = { ...EXAMPLE, Checks: checks };
    const [target] = groupOfEntries({ name: "a", datacenter: "b" }, [entry], ",").targets;
    expect(target?.["__meta_consul_health"]).toBe(health);
  });

  test("waits for changes and does not ask in between", async () => {
    const { fake, heard } = await start({ web: [instanceAt("a:1")] });
    await expect.poll(() => fake.waiting, { timeout: 10_000 }).toBe(2);
    const asked = fake.asked.length;
    const said = heard.length;
    fake.tire();
    await expect.poll(() => fake.asked.length, { timeout: 10_000 }).toBe(asked + 2);
    fake.show({ web: [instanceAt("a:1")], db: [instanceAt("d:4")] });
    await expect.poll(() => known(heard), { timeout: 10_000 }).toEqual(["a:1", "d:4"]);
    // What had nothing new to say was not said again.
    expect(heard.slice(0, said).map(addressesOf)).toEqual([["a:1"]]);
    fake.show({ db: [instanceAt("d:4")] });
    await expect.poll(() => known(heard), { timeout: 10_000 }).toEqual(["d:4"]);
  });

  test("begins anew when the index goes back", async () => {
    const { fake, heard } = await start({ web: [instanceAt("a:1")] });
    await expect.poll(() => fake.waiting, { timeout: 10_000 }).toBe(2);
    const asked = fake.asked.length;
    // Another server, or one that was restored, which counts from elsewhere.
    fake.show({ web: [instanceAt("b:2")] }, 3);
    await expect.poll(() => known(heard), { timeout: 10_000 }).toEqual(["b:2"]);
    await expect.poll(() => fake.waiting, { timeout: 20_000 }).toBe(2);
    const again = fake.asked.slice(asked, asked + 2);
    expect(again.map((url) => url.searchParams.has("index"))).toEqual([false, false]);
  }, 40_000);

  test("follows only what it is told to, and asks as it is told to", async () => {
    const services = {
      web: [instanceAt("a:1", ["v1", "eu"])],
      db: [instanceAt("d:4", ["v1"])],
      "a b": [instanceAt("e:5", ["v1", "eu"])],
    };
    const { fake, heard } = await start(services, {
      path_prefix: "/consul/",
      services: ["web", "db"],
      tags: ["v1", "eu"],
      node_meta: { rack: "7" },
      token: "secret",
      datacenter: "dc9",
      namespace: "ns1",
      partition: "p1",
      health_filter: "Node.Node != n2",
      tag_separator: ";",
    });
    expect(known(heard)).toEqual(["a:1"]);
    expect(heard.at(-1)?.[0]?.labels["__meta_consul_dc"]).toBe("dc9");
    expect(heard.at(-1)?.[0]?.targets[0]?.["__meta_consul_tags"]).toBe(";v1;eu;");
    expect(fake.token).toBe("secret");
    const health = fake.asked.find((url) => url.pathname.includes("/health/"));
    expect(health?.pathname).toBe("/consul/v1/health/service/web");
    expect(Object.fromEntries(health!.searchParams)).toEqual({
      stale: "",
      dc: "dc9",
      ns: "ns1",
      partition: "p1",
      "node-meta": "rack:7",
      tag: "eu",
      filter: "Node.Node != n2",
    });
    expect(health!.searchParams.getAll("tag")).toEqual(["v1", "eu"]);
  });

  test("asks for named services without the catalog", async () => {
    const { fake, heard } = await start({ web: [instanceAt("a:1")] }, { services: ["web", "db"] });
    await expect.poll(() => known(heard), { timeout: 10_000 }).toEqual(["a:1"]);
    expect(fake.asked.some((url) => url.pathname.includes("/catalog/"))).toBe(false);
  });

  test.each([
    [{ server: "http://a:1/?b" }, "[0].server must be HOST:PORT"],
    [{ scheme: "ftp" }, "[0].scheme must be one of http, https"],
    [{ token: "a", authorization: { credentials: "b" } }, "[0].token cannot stand beside"],
    [{ username: "a", basic_auth: { username: "b" } }, "[0].username cannot stand beside"],
    [{ allow_stale: "often" }, "[0].allow_stale must be true or false"],
    [{ node_metadata: {} }, "[0].node_metadata is unknown"],
  ])("refuses %j", (entry, complaint) => {
    expect(() => consul.parse(new Fields(entry, "[0]"))).toThrow(complaint);
  });
});
