import { describe, expect, it } from "vitest";

import { FailedLogins } from "../../../../lib/http/web-config/failed-logins.ts";
import { TokenBucket } from "../../../../lib/http/web-config/token-bucket.ts";

function triesOf(failed: FailedLogins, address: string, now: number): number {
  let count = 0;
  while (failed.tries(address, now)) count++;
  return count;
}

describe("failed logins", () => {
  it("may be ten at once, then one each six seconds", () => {
    const failed = new FailedLogins();
    expect(triesOf(failed, "192.0.2.1", 0)).toBe(10);
    expect(triesOf(failed, "192.0.2.1", 5999)).toBe(0);
    expect(triesOf(failed, "192.0.2.1", 6000)).toBe(1);
    expect(triesOf(failed, "192.0.2.1", 1e9)).toBe(10);
    expect(triesOf(failed, "192.0.2.2", 1e9)).toBe(10);
  });

  it("do not count those that succeed", () => {
    const failed = new FailedLogins();
    for (let n = 0; n < 100; n++) {
      expect(failed.tries("192.0.2.1", 0)).toBe(true);
      failed.succeeded("192.0.2.1", "alice", 0);
    }
    expect(failed.size).toBe(0);
  });

  it.each([
    ["2001:db8::1", "2001:db8::2"],
    ["2001:db8:0:0:1::", "2001:db8::ffff:ffff:ffff:ffff"],
    ["::1", "::2"],
    ["fe80::1%eth0", "fe80::2%eth0"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
  ])("of %s and %s are the same network's", (one, other) => {
    const failed = new FailedLogins();
    expect(triesOf(failed, one, 0)).toBe(10);
    expect(triesOf(failed, other, 0)).toBe(0);
  });

  it("of many addresses take little room", () => {
    const failed = new FailedLogins();
    for (let n = 0; n < 10_000; n++) failed.tries(`10.0.${n >> 8}.${n & 255}`, 0);
    expect(failed.size).toBe(4096);
  });
});

it("a bucket gives back no more than it holds", () => {
  const bucket = new TokenBucket(1000, 2, 0);
  bucket.giveBack();
  expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false]);
  expect(bucket.isFull(1000)).toBe(false);
  expect(bucket.isFull(2000)).toBe(true);
});
