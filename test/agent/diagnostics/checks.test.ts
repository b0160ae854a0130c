import { rmSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { parseListening } from "../../../agent/diagnostics/checks/listen.ts";
import { diagnose, runChecks } from "../../../agent/diagnostics/diagnosis.ts";
import { FakeKernel, V2_ID } from "../fake-kernel.ts";
import { found, furnish, sampleOf, sceneOf } from "./scene-of.ts";

const SCOPE = `/system.slice/docker-${V2_ID}.scope`;

/** `/proc/cgroups` of a kernel that has these, as v1 hierarchies of these numbers. */
function listed(...lines: readonly [name: string, hierarchy: number, enabled: 0 | 1][]): string {
  const rows = lines.map(([name, hierarchy, enabled]) => `${name}\t${hierarchy}\t7\t${enabled}\n`);
  return `#subsys_name\thierarchy\tnum_cgroups\tenabled\n${rows.join("")}`;
}

let kernel: FakeKernel;

afterEach(() => kernel[Symbol.dispose]());

describe("a v2 host", () => {
  beforeEach(() => {
    kernel = new FakeKernel("cgroup-v2");
    furnish(kernel);
    for (const place of ["", "system.slice/"]) {
      kernel.write(`${place}cgroup.subtree_control`, "cpuset cpu io memory pids\n");
    }
  });

  it("has all that is needed", async () => {
    const scene = sceneOf(kernel, { sampling: sampleOf(kernel, ["/", SCOPE]) });
    const { is_fit: isFit, findings } = await diagnose(scene);
    expect(isFit).toBe(true);
    expect(findings.filter(({ status }) => status === "bad")).toEqual([]);
    const ids = ["cgroup.version", "cgroup.driver", "cgroup.namespace", "delegation", "pressure"];
    for (const id of [...ids, "memory.swap", "controller.memory", "proc", "kmsg"]) {
      expect(findings.find((finding) => finding.id === id)?.status, id).toBe("ok");
    }
    const driver = findings.find(({ id }) => id === "cgroup.driver");
    expect(driver?.what).toBe("systemd (1 containers)");
  });

  it("has a controller that one cgroup above containers does not hand down", async () => {
    kernel.write("system.slice/cgroup.subtree_control", "cpu memory pids\n");
    const scene = sceneOf(kernel, { sampling: sampleOf(kernel, [SCOPE]) });
    const io = await found(scene, "delegation.io");
    expect(io?.status).toBe("missing");
    expect(io?.what).toContain("/system.slice does not hand io down");
    expect(await found(scene, "delegation.memory")).toBeUndefined();
  });

  it("has users whose service managers were given too little", async () => {
    const place = "user.slice/user-1000.slice/user@1000.service";
    kernel.write(`${place}/cgroup.controllers`, "memory pids\n");
    const finding = await found(sceneOf(kernel), "rootless.delegation");
    expect(finding?.what).toContain("user 1000 have no cpu, io");
    expect(finding?.remedy).toContain("Delegate=");
  });

  it("has no memory controller: the kernel's command line forbids it", async () => {
    kernel.write("cgroup.controllers", "cpuset cpu io pids\n");
    kernel.proc("cmdline", "quiet cgroup_disable=memory\n");
    kernel.proc("cgroups", listed(["memory", 0, 0], ["cpu", 0, 1]));
    const scene = sceneOf(kernel);
    expect(await diagnose(scene)).toMatchObject({ is_fit: false });
    const memory = await found(scene, "controller.memory");
    expect(memory?.status).toBe("bad");
    expect(memory?.remedy).toContain("remove memory from cgroup_disable=");
  });

  it("has no memory controller: this kernel wants to be asked for it", async () => {
    kernel.write("cgroup.controllers", "cpuset cpu io pids\n");
    kernel.proc("cgroups", listed(["memory", 0, 0]));
    const memory = await found(sceneOf(kernel), "controller.memory");
    expect(memory?.remedy).toContain("cgroup_enable=memory");
  });

  it("has a memory controller that v1 has taken", async () => {
    kernel.write("cgroup.controllers", "cpuset cpu io pids\n");
    kernel.proc("cgroups", listed(["memory", 4, 1]));
    const memory = await found(sceneOf(kernel), "controller.memory");
    expect(memory?.what).toContain("mounted as cgroup v1");
  });

  it("counts no swap", async () => {
    rmSync(join(kernel.cgroupRoot, SCOPE, "memory.swap.current"));
    kernel.proc("cmdline", "quiet swapaccount=0\n");
    const swap = await found(
      sceneOf(kernel, { sampling: sampleOf(kernel, [SCOPE]) }),
      "memory.swap",
    );
    expect(swap?.status).toBe("missing");
    expect(swap?.remedy).toContain("remove swapaccount=0");
  });

  it("shows only our own cgroups in a private namespace", async () => {
    rmSync(join(kernel.procRoot, "self"), { recursive: true });
    furnish(kernel, { cgroup: "cgroup:[4026532999]" });
    kernel.proc("self/mountinfo", `30 1 0:26 / ${kernel.cgroupRoot} ro - cgroup2 cgroup2 rw\n`);
    const namespace = await found(sceneOf(kernel), "cgroup.namespace");
    expect(namespace?.status).toBe("missing");
    expect(namespace?.remedy).toContain("--cgroupns=host");
    kernel.proc(
      "self/mountinfo",
      `30 1 0:26 /../.. ${kernel.cgroupRoot} ro - cgroup2 cgroup2 rw\n`,
    );
    expect((await found(sceneOf(kernel), "cgroup.namespace"))?.status).toBe("ok");
  });

  it("is seen from a container that has not been given the host's root", async () => {
    rmSync(join(kernel.procRoot, "self"), { recursive: true });
    furnish(kernel, { pid: "pid:[4026532888]" });
    const scene = sceneOf(kernel, { rootfs: "/" });
    expect((await found(scene, "container"))?.status).toBe("note");
    expect((await found(scene, "container.rootfs"))?.remedy).toContain("--rootfs=/rootfs");
    expect(await found(sceneOf(kernel), "container.rootfs")).toBeUndefined();
  });

  it("is seen from a container that was not given its process numbers", async () => {
    rmSync(join(kernel.procRoot, "self"), { recursive: true });
    furnish(kernel, { pid: "pid:[4026532888]" });
    const before = await found(sceneOf(kernel), "container.pid");
    expect(before).toMatchObject({
      status: "missing",
      remedy: expect.stringContaining("--pid=host"),
    });
    expect(before?.affects).toEqual(expect.arrayContaining(["network", "process", "disk"]));
    kernel.write(`${SCOPE}/cgroup.procs`, "0\n0\n");
    const sampling = sampleOf(kernel, [SCOPE]);
    expect((await found(sceneOf(kernel, { sampling }), "container.pid"))?.status).toBe("missing");
    kernel.write(`${SCOPE}/cgroup.procs`, "775\n");
    expect(await found(sceneOf(kernel, { sampling }), "container.pid")).toBeUndefined();
  });

  it("hides others' processes, and lacks rights", async () => {
    kernel.proc("self/status", "CapEff:\t0000000000000000\n");
    kernel.proc(
      "self/mountinfo",
      `24 1 0:5 / ${kernel.procRoot} rw,nosuid - proc proc rw,hidepid=invisible\n`,
    );
    rmSync(join(kernel.procRoot, "1/ns/net"));
    const scene = sceneOf(kernel, { kmsgPath: join(kernel.root, "no-kmsg") });
    expect((await found(scene, "proc.hidepid"))?.what).toContain("hidepid=invisible");
    expect((await found(scene, "proc.namespaces"))?.status).toBe("missing");
    expect((await found(scene, "capability.sys_ptrace"))?.status).toBe("missing");
    expect((await found(scene, "kmsg"))?.what).toContain("ENOENT");
  });

  it("is told of perf and resctrl only if they are asked for", async () => {
    kernel.proc("sys/kernel/perf_event_paranoid", "2\n");
    expect(await found(sceneOf(kernel), "perf")).toBeUndefined();
    const scene = sceneOf(kernel, { asksFor: { perf: true, resctrl: true } });
    expect((await found(scene, "perf"))?.status).toBe("ok");
    expect((await found(scene, "resctrl"))?.status).toBe("missing");
    kernel.proc("self/status", "CapEff:\t0000000000000000\n");
    expect((await found(scene, "perf"))?.remedy).toContain("CAP_PERFMON");
  });

  it("has set its clock", async () => {
    const clock = { now: () => 1_795_000_007_000, monotonic: () => 2000 };
    const step = await found(sceneOf(kernel, { clock }), "clock.step");
    expect(step?.what).toContain("by 5.0 s");
  });

  it("keeps a store that may not be read, or none", async () => {
    const scene = sceneOf(kernel, { stores: ["/cgroup", "/nothing"] });
    const { findings } = await diagnose(scene);
    const layers = findings.filter(({ id }) => id === "disk.layers");
    expect(layers.map(({ status }) => status)).toEqual(["ok"]);
  });

  it("has somebody on the agent's port", async () => {
    kernel.proc(
      "self/net/tcp",
      "  sl  local_address rem_address   st tx_queue\n   0: 0100007F:1FF4 00000000:0000 0A 00000000\n",
    );
    expect((await found(sceneOf(kernel, { listen: "127.0.0.1:8180" }), "listen"))?.status).toBe(
      "note",
    );
    expect((await found(sceneOf(kernel, { listen: "127.0.0.1:8181" }), "listen"))?.status).toBe(
      "ok",
    );
    expect(await found(sceneOf(kernel), "listen")).toBeUndefined();
    expect(parseListening("cut")).toEqual(new Set());
  });
});

describe("a v1 host", () => {
  beforeEach(() => {
    kernel = new FakeKernel("cgroup-v1");
    furnish(kernel);
  });

  it("says what v2 would tell besides", async () => {
    const scene = sceneOf(kernel);
    expect((await found(scene, "cgroup.version"))?.remedy).toContain("unified_cgroup_hierarchy");
    const pressure = await found(scene, "pressure");
    expect(pressure?.status).toBe("missing");
    expect(pressure?.affects).toContain("pressure_cpu_some_ratio");
    expect(pressure?.what).toContain("without a v2 hierarchy");
  });

  it("has no memory hierarchy mounted", async () => {
    rmSync(join(kernel.cgroupRoot, "memory"), { recursive: true });
    kernel.proc("cgroups", listed(["memory", 0, 1], ["cpu", 1, 1]));
    const memory = await found(sceneOf(kernel), "controller.memory");
    expect(memory?.status).toBe("bad");
    expect(memory?.remedy).toContain("mount -t cgroup -o memory");
    const cpuset = await found(sceneOf(kernel), "controller.cpuset");
    expect(cpuset?.what).toContain("not built into this kernel");
  });

  it("has PSI off", async () => {
    rmSync(join(kernel.procRoot, "pressure"), { recursive: true });
    expect((await found(sceneOf(kernel), "pressure"))?.remedy).toContain("psi=1");
  });
});

describe("a host without cgroups", () => {
  it("is not fit, and everything else is told all the same", async () => {
    kernel = new FakeKernel("empty-v2");
    furnish(kernel);
    kernel.proc("self/mountinfo", "30 1 0:26 / /elsewhere ro - cgroup2 cgroup2 rw\n");
    const scene = sceneOf(kernel, { hierarchies: undefined });
    const version = await found(scene, "cgroup.version");
    expect(version).toMatchObject({ status: "bad" });
    expect(version?.remedy).toContain("/elsewhere");
    expect(await found(scene, "proc")).toMatchObject({ status: "ok" });
    expect((await diagnose(scene)).metrics[0]).toMatchObject({ status: "unknown" });
  });

  it("has a proc that can't be read", async () => {
    kernel = new FakeKernel("empty-v2");
    const scene = sceneOf(kernel, { procRoot: "/nowhere" });
    expect(await found(scene, "proc")).toMatchObject({ status: "bad" });
  });
});

describe("a check", () => {
  it("that throws is a finding of its own, and the others go on", async () => {
    kernel = new FakeKernel("empty-v2");
    const findings = await runChecks(sceneOf(kernel), [
      {
        subject: "first",
        find: () => {
          throw new Error("no luck");
        },
      },
      {
        subject: "second",
        find: () => [{ id: "second", status: "ok", what: "fine", affects: [] }],
      },
    ]);
    expect(findings.map(({ what }) => what)).toEqual(["it could not be checked: no luck", "fine"]);
  });
});
