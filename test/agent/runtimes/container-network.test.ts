import type { ContainerInfo } from "dockerode";
import { describe, expect, it } from "vitest";

import { parseInspected, parseListed } from "../../../agent/runtimes/docker-api/parse.ts";
import type { ContainerNetwork } from "../../../agent/runtimes/runtime.ts";

/** An answer about a container in these networks. */
function networkOf(
  mode: string,
  networks: Record<string, { IPAddress?: string; GlobalIPv6Address?: string }>,
  ports?: Record<string, unknown>,
): ContainerNetwork | undefined {
  return parseInspected({
    Id: "1",
    Name: "/web",
    Created: "2026-11-21T06:14:45Z",
    State: { Status: "running", StartedAt: "2026-11-21T06:14:54Z" },
    Config: { Image: "web:1", Labels: {}, ...(ports === undefined ? {} : { ExposedPorts: ports }) },
    HostConfig: { NetworkMode: mode },
    NetworkSettings: { Networks: networks },
  }).network;
}

describe("a container's place in the network", () => {
  it("is its own addresses and the TCP ports that it exposes", () => {
    const networks = {
      shop: { IPAddress: "172.18.0.2", GlobalIPv6Address: "fd00::2" },
      bridge: { IPAddress: "172.17.0.2", GlobalIPv6Address: "" },
    };
    expect(networkOf("shop", networks, { "80/tcp": {}, "53/udp": {}, "9100/tcp": {} })).toEqual({
      isHost: false,
      addresses: ["172.18.0.2", "fd00::2", "172.17.0.2"],
      ports: [80, 9100],
    });
  });

  it("is none where it shares the machine's network, or has none", () => {
    const empty = { IPAddress: "", GlobalIPv6Address: "" };
    expect(networkOf("host", { host: empty }, { "80/tcp": {} })).toEqual({
      isHost: true,
      addresses: [],
      ports: [80],
    });
    expect(networkOf("none", { none: empty })).toEqual({ isHost: false, addresses: [], ports: [] });
    expect(networkOf("container:2", {})).toEqual({ isHost: false, addresses: [], ports: [] });
  });

  it("is in the list as well", () => {
    const listed = {
      Id: "1",
      Names: ["/web"],
      HostConfig: { NetworkMode: "shop" },
      NetworkSettings: { Networks: { shop: { IPAddress: "172.18.0.2", GlobalIPv6Address: "" } } },
      Ports: [
        { IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
        { IP: "::", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
        { PrivatePort: 53, Type: "udp" },
      ],
    } as unknown as ContainerInfo;
    expect(parseListed(listed).network).toEqual({
      isHost: false,
      addresses: ["172.18.0.2"],
      ports: [80],
    });
    expect(parseListed({ Id: "1" })).not.toHaveProperty("network");
  });
});
