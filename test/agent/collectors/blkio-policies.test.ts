import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { KernelFiles } from "../../../agent/cgroup/kernel-files.ts";
import { BlkioPolicies } from "../../../agent/collectors/blkio-policies.ts";
import { FakeKernel } from "../fake-kernel.ts";

const BUSY = "3 0 24 1 5 0 40 2";
const IDLE = "0 0 0 0 0 0 0 0";

let kernel: FakeKernel;
let time: number;

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
  time = 0;
});
afterEach(() => kernel[Symbol.dispose]());

function policies(): BlkioPolicies {
  const root = cgroupAt(kernel.hierarchies, "/");
  return new BlkioPolicies(root, new KernelFiles(), kernel.sysRoot, () => time);
}

/** Lets the machine's books of a policy have these devices. */
function count(policy: string, devices: readonly string[]): void {
  const lines = devices.flatMap((device) => [`${device} Read 0`, `${device} Total 0`]);
  const text = [...lines, "Total 0", ""].join("\n");
  kernel.write(`blkio/blkio.${policy}.io_service_bytes_recursive`, text);
}

describe("block I/O of v1", () => {
  it("is not counted while no device is in the books", () => {
    kernel.disk("sda", { numbers: "8:0", stat: BUSY });
    expect(policies().coverage()).toBe("none");
    count("throttle", []);
    expect(policies().coverage()).toBe("none");
  });

  it("is counted in part while a disk in use is missing", () => {
    kernel.disk("sda", { numbers: "8:0", stat: BUSY });
    kernel.disk("sdb", { numbers: "8:16", stat: BUSY });
    count("throttle", ["8:0"]);
    expect(policies().coverage()).toBe("some");
  });

  it("is counted if all disks in use are there, in whichever books", () => {
    kernel.disk("sda", { numbers: "8:0", stat: BUSY });
    kernel.disk("sdb", { numbers: "8:16", stat: BUSY, scheduler: "none [bfq]" });
    count("throttle", ["8:0"]);
    count("bfq", ["8:16"]);
    expect(policies().policies).toEqual(["blkio.throttle", "blkio.bfq"]);
    expect(policies().coverage()).toBe("all");
  });

  it("does not ask for a disk that does nothing", () => {
    kernel.disk("sda", { numbers: "8:0", stat: BUSY });
    kernel.disk("sr0", { numbers: "11:0", stat: IDLE });
    kernel.disk("loop0", { numbers: "7:0", stat: BUSY, size: 0 });
    kernel.disk("nvme0c0n1", { numbers: "259:1", stat: BUSY, hidden: true });
    count("throttle", ["8:0"]);
    expect(policies().coverage()).toBe("all");
  });

  it("may begin and end, and is looked at every ten seconds", () => {
    kernel.disk("sda", { numbers: "8:0", stat: BUSY });
    const blkio = policies();
    expect(blkio.coverage()).toBe("none");
    count("throttle", ["8:0"]);
    time = 9999;
    expect(blkio.coverage()).toBe("none");
    time = 10_000;
    expect(blkio.coverage()).toBe("all");
    count("throttle", []);
    time = 20_000;
    expect(blkio.coverage()).toBe("none");
  });

  it("is no matter of v2", () => {
    kernel[Symbol.dispose]();
    kernel = new FakeKernel("cgroup-v2");
    expect(policies().coverage()).toBe("none");
  });
});
