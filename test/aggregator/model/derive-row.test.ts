import fc from "fast-check";
import { expect, test } from "vitest";

import { deriveRow, STORED_WIDTH } from "../../../aggregator/model/derive-row.ts";
import { allMetrics, storedStats } from "../../../wire/metrics/all.ts";
import { Ring } from "../../../wire/ring.ts";
import { derivationOf } from "../../../wire/stats/answer.ts";

const width = allMetrics.length;
const raw = fc.oneof(fc.nat(), fc.constant(Number.NaN));
const row = fc
  .array(raw, { minLength: width, maxLength: width })
  .map((values) => Float64Array.from(values));
const limit = fc.option(fc.nat(8));
const limits = fc.record({ cpu_cores: limit, memory_bytes: limit, pids: limit });
const interval = fc.constantFrom(1000, 15_000, 0, Number.NaN);

test("a row is what the live window says of the same sample", () => {
  fc.assert(
    fc.property(fc.option(row), row, interval, limits, (before, now, length, most) => {
      const ring = new Ring(3, width);
      if (before !== null) ring.push(1, 1000, Number.NaN, before);
      ring.push(2, 2000, length, now);
      const derived = new Float64Array(STORED_WIDTH);
      deriveRow({ before: before ?? undefined, now, interval: length, limits: most }, derived);
      const live = storedStats.map((stat) => derivationOf(stat)(ring, ring.length - 1, most));
      expect([...derived]).toEqual(live);
    }),
  );
});
