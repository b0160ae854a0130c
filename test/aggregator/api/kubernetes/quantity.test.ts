import fc from "fast-check";
import { expect, test } from "vitest";

import {
  cpuQuantity,
  goDuration,
  memoryQuantity,
  rfc3339,
} from "../../../../aggregator/api/kubernetes/quantity.ts";

/** Kubernetes's grammar, and what each unit stands for. */
const QUANTITY = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const NANO: Record<string, bigint> = { n: 1n, u: 1000n, m: 1_000_000n, "": 1_000_000_000n };
const BYTES: Record<string, bigint> = {
  "": 1n,
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
};

function read(quantity: string, units: Record<string, bigint>): bigint {
  const [, digits = "", unit = ""] = QUANTITY.exec(quantity) ?? [];
  return BigInt(digits) * units[unit]!;
}

test("quantities lose nothing", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      expect(read(memoryQuantity(bytes), BYTES)).toBe(BigInt(bytes));
    }),
  );
  fc.assert(
    fc.property(fc.nat({ max: 4e12 }), (nanocores) => {
      expect(read(cpuQuantity(nanocores / 1e9), NANO)).toBe(BigInt(nanocores));
    }),
  );
});

test("quantities have the greatest unit that is whole", () => {
  expect([0, 0.25, 2, 0.123456789, 1e-9, 1e-12].map(cpuQuantity)).toEqual([
    "0",
    "250m",
    "2",
    "123456789n",
    "1n",
    "0",
  ]);
  expect([0, 1000, 1024, 1234 * 1024, 2 ** 31, 1536 * 2 ** 20].map(memoryQuantity)).toEqual([
    "0",
    "1000",
    "1Ki",
    "1234Ki",
    "2Gi",
    "1536Mi",
  ]);
});

test("durations and times are spelled as Go does", () => {
  expect([0, 15, 1000, 15_002, 60_000, 3_661_500].map(goDuration)).toEqual([
    "0s",
    "15ms",
    "1s",
    "15.002s",
    "1m0s",
    "1h1m1.5s",
  ]);
  expect(rfc3339(Date.parse("2026-01-01T00:00:01.987Z"))).toBe("2026-01-01T00:00:01Z");
});
