import { expect, it, vi } from "vitest";

import type { Host } from "../../../agent/collectors/collector.ts";
import { load } from "../../../agent/collectors/load.ts";
import { network } from "../../../agent/collectors/network.ts";
import { process as processes } from "../../../agent/collectors/process.ts";
import { ReferencedMemory } from "../../../agent/collectors/referenced-memory.ts";
import { referenced } from "../../../agent/collectors/referenced.ts";
import { sched } from "../../../agent/collectors/sched.ts";
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

/** Of an engine inside the container. */
const NESTED = `${PODMAN}/container/docker/${"b".repeat(64)}`;

/** A container with processes in inner cgroups: 11 of its own, 12 and 13 below; 14 is a nested container's. */
function nested(): FakeKernel {
  const kernel = new FakeKernel("empty-v2");
  const lists: readonly (readonly [cgroup: string, list: string])[] = [
    [PODMAN, "11\n"],
    [`${PODMAN}/container`, "12\n"],
    [`${PODMAN}/container/init.scope`, "13\n"],
    [NESTED, "14\n"],
    [`${NESTED}/init.scope`, "14\n"],
  ];
  for (const [cgroup, list] of lists) {
    for (const file of ["cgroup.procs", "cgroup.threads"]) kernel.write(`${cgroup}/${file}`, list);
  }
  kernel.proc("self/schedstat", "5 6 7\n");
  for (const pid of [11, 12, 13, 14]) {
    kernel.proc(`${pid}/stat`, `${pid} (sleep) S 1 1 1 0 -1 4194304 80 0 0 0\n`);
    kernel.proc(`${pid}/schedstat`, "100 10 1\n");
    kernel.proc(`${pid}/smaps_rollup`, "Referenced:  4 kB\n");
  }
  return kernel;
}

it("their states are counted with the container's, but not those of a nested container", () => {
  using kernel = nested();
  const host: Host = { ...kernel.host(), load: { monotonic: () => 0 } };
  const sleeping = (id: string): number | undefined => {
    const probe = probeOf(kernel, host, load, id);
    sampleOf(probe);
    return probe.series?.get('state="sleeping"')?.[0];
  };
  expect(sleeping(PODMAN)).toBe(3);
  expect(sleeping(NESTED)).toBe(2);
  expect(sleeping(`${PODMAN}/container`)).toBe(1);
});

it("their memory in use is added to the container's", async () => {
  using kernel = nested();
  const plain = kernel.host();
  const memory = new ReferencedMemory(kernel.procRoot, plain.files, 0);
  const probe = probeOf(kernel, { ...plain, referenced: memory }, referenced, PODMAN);
  await vi.waitFor(() => expect(sampleOf(probe)["referenced_bytes"]).toBe(3 * 4096));
});

it("the scheduler's times of inner cgroups that are not sampled are the container's", () => {
  using kernel = nested();
  const host: Host = { ...kernel.host(), isSampled: (id) => id === PODMAN };
  const probe = probeOf(kernel, host, sched, PODMAN);
  expect(sampleOf(probe)["sched_run_nanoseconds"]).toBe(300);
});

it("the scheduler's times of inner cgroups that are sampled are added once", () => {
  using kernel = nested();
  const host: Host = { ...kernel.host(), isSampled: () => true };
  const probe = probeOf(kernel, host, sched, PODMAN);
  sampleOf(probe);
  for (const inner of ["container", "container/init.scope"]) {
    sampleOf(probeOf(kernel, host, sched, `${PODMAN}/${inner}`));
  }
  expect(sampleOf(probe)["sched_run_nanoseconds"]).toBe(300);
});
