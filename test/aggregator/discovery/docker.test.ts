import { describe, expect, test } from "vitest";

import { groupOfContainers } from "../../../aggregator/discovery/docker/containers.ts";
import { docker } from "../../../aggregator/discovery/docker/docker.ts";
import { Fields } from "../../../lib/config/fields.ts";
import { FakeDocker } from "../fakes/docker.ts";
import { discoveryKeepsItsPromises, type Place } from "./suite.ts";

const RULES = { port: 80, hostNetworkingHost: "localhost", matchFirstNetwork: true };

const NETWORKS = [
  {
    Id: "n1",
    Name: "back",
    Scope: "local",
    Internal: true,
    Ingress: false,
    Labels: { "a.b": "c" },
  },
  { Id: "n2", Name: "front", Scope: "local", Internal: false, Ingress: false, Labels: {} },
];

function container(name: string, more: object = {}): object {
  return {
    Id: `id-${name}`,
    Names: [`/${name}`],
    HostConfig: { NetworkMode: "front" },
    NetworkSettings: {
      Networks: {
        front: { NetworkID: "n2", IPAddress: "10.0.2.2" },
        back: { NetworkID: "n1", IPAddress: "10.0.1.2" },
      },
    },
    Ports: [],
    ...more,
  };
}

/** A container at `HOST:PORT`. */
function containerAt(address: string): object {
  const [IPAddress, port] = address.split(":");
  return container(address, {
    NetworkSettings: { Networks: { front: { NetworkID: "n2", IPAddress } } },
    Ports: [{ Type: "tcp", PrivatePort: Number(port) }],
  });
}

async function openPlace(): Promise<Place> {
  const fake = new FakeDocker();
  const config = { host: await fake.listen(), refresh_interval: "50ms" };
  return {
    create: (context) => docker.parse(new Fields(config, "[0]"))(context),
    show(shown) {
      fake.lists = { "/containers/json": shown.map(containerAt), "/networks": NETWORKS };
    },
    fail: () => void (fake.lists = {}),
    close: () => fake.close(),
  };
}

discoveryKeepsItsPromises("docker", { open: openPlace });

const addresses = (containers: readonly unknown[], rules = RULES): (string | undefined)[] =>
  groupOfContainers(containers, NETWORKS, rules).targets.map((labels) => labels["__address__"]);

// What a real engine says is in test/system/sd-docker.test.ts; here is what it seldom says.
describe("docker_sd_configs", () => {
  test("tells the network in labels", () => {
    const [target] = groupOfContainers([container("a")], NETWORKS, RULES).targets;
    expect(target).toEqual({
      __address__: "10.0.1.2:80",
      __meta_docker_container_id: "id-a",
      __meta_docker_container_name: "/a",
      __meta_docker_container_network_mode: "front",
      __meta_docker_network_id: "n1",
      __meta_docker_network_ingress: "false",
      __meta_docker_network_internal: "true",
      __meta_docker_network_ip: "10.0.1.2",
      __meta_docker_network_label_a_b: "c",
      __meta_docker_network_name: "back",
      __meta_docker_network_scope: "local",
    });
  });

  test("takes IPv6 where there is no IPv4", () => {
    const Networks = { six: { NetworkID: "n9", IPAddress: "", GlobalIPv6Address: "2001:db8::5" } };
    const six = container("six", { NetworkSettings: { Networks } });
    expect(addresses([six])).toEqual(["[2001:db8::5]:80"]);
  });

  test("is not lost in containers that claim each other's network", () => {
    const alone = { NetworkSettings: { Networks: {} } };
    const a = container("a", { ...alone, HostConfig: { NetworkMode: "container:id-b" } });
    const b = container("b", { ...alone, HostConfig: { NetworkMode: "container:id-a" } });
    expect(addresses([a, b])).toEqual([]);
  });

  test.each([null, 1, "x", {}, [], { Id: 1, Names: "a" }, { Names: [] }])(
    "passes over %j and keeps the rest",
    (odd) => {
      expect(addresses([odd, container("a")])).toEqual(["10.0.1.2:80"]);
    },
  );

  test.each([
    [{}, "[0].host is missing"],
    [{ host: "npipe:////./pipe/docker_engine" }, "[0].host must be of a kind such as unix:///"],
    [{ host: "tcp://" }, "[0].host must be of a kind such as unix:///"],
    [{ host: "tcp://a:1", port: -1 }, "[0].port must be a whole number"],
    [{ host: "tcp://a:1", filters: [{ values: ["a"] }] }, "[0].filters[0].name is missing"],
    [{ host: "tcp://a:1", role: "tasks" }, "[0].role is unknown"],
  ])("refuses %j", (entry, complaint) => {
    expect(() => docker.parse(new Fields(entry, "[0]"))).toThrow(complaint);
  });
});
