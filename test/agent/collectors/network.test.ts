import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { advancedTcp } from "../../../agent/collectors/advanced-tcp.ts";
import type { Collector, Host, Probe } from "../../../agent/collectors/collector.ts";
import { network } from "../../../agent/collectors/network.ts";
import { tcp } from "../../../agent/collectors/tcp.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

const WEB = "/docker/web";
const CONTAINER = `/docker/${"ab".repeat(32)}`;

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
  eth0: 841959927   23570    1    2    0     0          0         0  1716814   13907    3    4    0     0       0          0
  eth1:100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0
vethab12: 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5
Docker0: 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5
`;

let kernel: FakeKernel;
let host: Host;

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
  host = kernel.host();
  kernel.write(`pids${WEB}/cgroup.procs`, "28029\n");
  kernel.process(28_029, "net:[2]", NET_DEV);
});
afterEach(() => kernel[Symbol.dispose]());

function open(collector: Collector, id: string): Probe | undefined {
  return collector.open(cgroupAt(kernel.hierarchies, id), host);
}

describe("the network", () => {
  it("is summed over interfaces and kept by interface, without the loopback and the host's ends", () => {
    const probe = probeOf(kernel, host, network, WEB);
    expect(sampleOf(probe)).toEqual({
      network_receive_bytes: 841_960_027,
      network_receive_packets: 23_571,
      network_receive_errors: 1,
      network_receive_dropped: 2,
      network_transmit_bytes: 1_717_014,
      network_transmit_packets: 13_909,
      network_transmit_errors: 3,
      network_transmit_dropped: 4,
    });
    expect([...(probe.series?.keys() ?? [])]).toEqual(['interface="eth0"', 'interface="eth1"']);
  });

  it("is not the container's where that shares the machine's", () => {
    kernel.process(7, "net:[1]", NET_DEV);
    kernel.write(`pids/docker/host/cgroup.procs`, "7\n");
    expect(open(network, "/docker/host")).toBeUndefined();
  });

  it("is given to one only of those that share it, and to the next when all of that has gone", () => {
    kernel.process(8, "net:[2]", NET_DEV);
    kernel.write(`pids/docker/side/cgroup.procs`, "8\n");
    kernel.proc("28029/net/tcp", "");
    kernel.proc("28029/net/snmp", "");
    const first = [network, tcp, advancedTcp].map((one) => probeOf(kernel, host, one, WEB));
    for (const probe of first) {
      expect(open(network, "/docker/side")).toBeUndefined();
      probe.close();
    }
    expect(open(network, "/docker/side")).toBeDefined();
  });

  it("forgets an interface that has gone", () => {
    const probe = probeOf(kernel, host, network, WEB);
    sampleOf(probe);
    writeFileSync(
      join(kernel.procRoot, "28029/net/dev"),
      "  eth1: 1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n",
    );
    expect(sampleOf(probe)["network_receive_bytes"]).toBe(1);
    expect([...(probe.series?.keys() ?? [])]).toEqual(['interface="eth1"']);
  });
});

describe("the network of a container that has all its processes in cgroups below", () => {
  beforeEach(() => {
    kernel.process(9, "net:[3]", NET_DEV);
    kernel.write(`pids${CONTAINER}/cgroup.procs`, "");
    kernel.write(`pids${CONTAINER}/empty.slice/cgroup.procs`, "");
    kernel.write(`pids${CONTAINER}/system.slice/cgroup.procs`, "");
    kernel.write(`pids${CONTAINER}/system.slice/web.service/cgroup.procs`, "9\n");
  });

  it("is the container's", () => {
    const probe = probeOf(kernel, host, network, CONTAINER);
    expect(sampleOf(probe)["network_receive_bytes"]).toBe(841_960_027);
  });

  it("is not given to what is in it, even before the container has asked", () => {
    expect(open(network, `${CONTAINER}/system.slice/web.service`)).toBeUndefined();
    expect(open(network, CONTAINER)).toBeDefined();
  });

  it("is not given to the cgroup above it", () => {
    expect(open(network, "/docker")).toBeUndefined();
  });

  it("leaves that of a container in it to that one", () => {
    const inner = `${CONTAINER}/docker/${"cd".repeat(32)}`;
    kernel.process(10, "net:[4]", NET_DEV);
    kernel.write(`pids${inner}/cgroup.procs`, "10\n");
    expect(open(network, inner)).toBeDefined();
  });
});
