import { describe, expect, it } from "vitest";

import { errorNameOf, loadLibc } from "../../../agent/syscalls/libc.ts";

describe("system calls", () => {
  it.each([
    ["linux", "s390x"],
    ["linux", "vax"],
    ["darwin", "arm64"],
  ])("are none on %s %s", async (platform, arch) => {
    await expect(loadLibc({ platform, arch })).rejects.toThrow(
      `cannot make system calls on ${platform} ${arch}`,
    );
  });

  it("return the kernel's errors below 0", async () => {
    const libc = await loadLibc();
    // No such descriptor, and an attribute of no size that the kernel knows.
    expect(errorNameOf(libc.ioctl(-1, 0, 0))).toBe("EBADF");
    const attr = new Uint8Array(72);
    attr[4] = 1;
    expect(errorNameOf(libc.perfEventOpen(attr, 0, -1, -1, 0))).toMatch(/^(?:E2BIG|EACCES|EPERM)$/);
  });

  it("have names for their errors", () => {
    expect(errorNameOf(-2)).toBe("ENOENT");
    expect(errorNameOf(-99_999)).toContain("99999");
  });
});
