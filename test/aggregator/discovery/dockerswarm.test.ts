import { describe, expect, test } from "vitest";

import { dockerswarm } from "../../../aggregator/discovery/dockerswarm/dockerswarm.ts";
import { groupOfServices } from "../../../aggregator/discovery/dockerswarm/services.ts";
import { groupOfTasks } from "../../../aggregator/discovery/dockerswarm/tasks.ts";
import { Fields } from "../../../lib/config/fields.ts";
import { FakeDocker } from "../fakes/docker.ts";
import { discoveryContext, discoveryKeepsItsPromises, type Place } from "./suite.ts";

async function openPlace(): Promise<Place> {
  const fake = new FakeDocker();
  const host = await fake.listen();
  const config = { host, role: "tasks", refresh_interval: "50ms" };
  const nodeOf = (address: string): object => ({
    ID: address,
    Status: { Addr: address.split(":")[0] },
  });
  const taskOf = (address: string): object => ({
    ID: address,
    NodeID: address,
    Status: {
      PortStatus: {
        Ports: [{ Protocol: "tcp", PublishedPort: Number(address.split(":")[1]) }],
      },
    },
  });
  return {
    create: (context) => dockerswarm.parse(new Fields(config, "[0]"))(context),
    show(addresses) {
      fake.lists = {
        "/tasks": addresses.map(taskOf),
        "/nodes": addresses.map(nodeOf),
        "/services": [],
        "/networks": [],
      };
    },
    fail: () => void (fake.lists = {}),
    close: () => fake.close(),
  };
}

discoveryKeepsItsPromises("dockerswarm", { open: openPlace });

// What a real swarm says is in test/system/sd-swarm.test.ts; here is what it seldom says.
describe("dockerswarm_sd_configs", () => {
  const none = { tasks: [], services: [], nodes: [], networks: [] };

  test("has no target for a task that nobody can reach yet", () => {
    const task = { ID: "t1", DesiredState: "running", Status: { State: "pending" } };
    expect(groupOfTasks({ ...none, tasks: [task] }, 80).targets).toEqual([]);
  });

  test("passes over an address that is none and keeps the rest", () => {
    const service = {
      ID: "s1",
      Spec: { Name: "web", Mode: { ReplicatedJob: {} } },
      Endpoint: { VirtualIPs: [{ Addr: "odd" }, { NetworkID: "n1", Addr: "10.0.1.2/24" }] },
    };
    expect(groupOfServices([null, service], [], 9100).targets).toEqual([
      {
        __address__: "10.0.1.2:9100",
        __meta_dockerswarm_service_id: "s1",
        __meta_dockerswarm_service_name: "web",
      },
    ]);
  });

  test("asks with the filters for what becomes a target only, and tells a refusal", async () => {
    const fake = new FakeDocker();
    const host = await fake.listen();
    const filters = [{ name: "label", values: ["a=b", "c"] }];
    const config = { host, role: "services", filters };
    fake.lists = { "/services": [] };
    const discovery = dockerswarm.parse(new Fields(config, "[0]"))(discoveryContext());
    discovery.start(() => undefined);
    await expect.poll(() => discovery.state().trouble, { timeout: 10_000 }).toBeDefined();
    expect(discovery.state().trouble).toContain("This node is not a swarm manager.");
    const [services, networks] = fake.asked;
    expect(JSON.parse(services!.searchParams.get("filters") ?? "")).toEqual({
      label: ["a=b", "c"],
    });
    expect(networks!.search).toBe("");
    await discovery.close();
    fake.close();
  });

  test.each([
    [{ host: "unix:///docker.sock" }, "[0].role is missing"],
    [{ host: "unix:///docker.sock", role: "task" }, "[0].role must be one of services, tasks"],
    [{ role: "tasks" }, "[0].host is missing"],
  ])("refuses %j", (entry, complaint) => {
    expect(() => dockerswarm.parse(new Fields(entry, "[0]"))).toThrow(complaint);
  });
});
