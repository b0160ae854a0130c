import { expect, it } from "vitest";

import { network } from "../../../agent/collectors/network.ts";
import { process as processes } from "../../../agent/collectors/process.ts";
import { FakeKernel, recordedNetDev, V2_ID } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

/** As Podman lays them out on v2: the kernel allows no process beside an inner cgroup. */
const PODMAN = `/machine.slice/libpod-${V2_ID}.scope`;

function podman(own: string, inner: string): FakeKernel {
  const kernel = new FakeKernel("empty-v2");
  kernel.write(`${PODMAN}/cgroup.procs`, own);
  kernel.write(`${PODMAN}/pids.current`, "4\n");
  kernel.write(`${PODMAN}/container/cgroup.procs`, inner);
  kernel.write(`${PODMAN}/container/init.scope/cgroup.procs`, "777\n");
  kernel.process(775, "net:[2]", recordedNetDev());
  return kernel;
}

it("processes in inner cgroups alone are the container's", () => {
  using kernel = podman("", "775\n776\n");
  const probe = probeOf(kernel, kernel.host(), processes, PODMAN);
  expect(sampleOf(probe)).toMatchObject({ processes: 3, threads: 4 });
});

it("their network is the container's", () => {
  using kernel = podman("", "775\n776\n");
  const probe = probeOf(kernel, kernel.host(), network, PODMAN);
  expect(sampleOf(probe)["network_receive_bytes"]).toBeGreaterThan(0);
  expect([...(probe.series?.keys() ?? [])]).toEqual(['interface="eth0"']);
});

it("those of its own are counted without them, as they were before", () => {
  using kernel = podman("775\n", "776\n");
  const probe = probeOf(kernel, kernel.host(), processes, PODMAN);
  expect(sampleOf(probe)).toMatchObject({ processes: 1 });
});

it("a container with threads and an empty list has an unknown number, not none", () => {
  using kernel = podman("", "");
  kernel.write(`${PODMAN}/container/init.scope/cgroup.procs`, "");
  const probe = probeOf(kernel, kernel.host(), processes, PODMAN);
  const sample = sampleOf(probe);
  expect(sample["processes"]).toBeUndefined();
  expect(sample["threads"]).toBe(4);
});
