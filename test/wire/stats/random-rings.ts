import fc from "fast-check";

import type { Container } from "../../../wire/container.ts";
import { allMetrics } from "../../../wire/metrics/all.ts";
import { Ring } from "../../../wire/ring.ts";
import type { Subject } from "../../../wire/stats/answer.ts";

const START = Date.parse("2026-11-21T04:00:00Z");

/** Counters that grow, stand still, begin anew or can't be read. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 1_000_000_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -1) },
);

/** What happens to some columns in one second. */
export const seconds: fc.Arbitrary<readonly (readonly number[])[]> = fc.array(
  fc.array(step, { minLength: 1, maxLength: 7 }),
  { minLength: 1, maxLength: 80 },
);

/** A container whose columns grow by `steps`, one list for each second. */
export function subjectOf(
  name: string,
  steps: readonly (readonly number[])[],
  more: Partial<Container> = {},
): Subject {
  const ring = new Ring(61, allMetrics.length);
  const row = new Float64Array(allMetrics.length);
  for (const [index, grown] of steps.entries()) {
    for (let column = 0; column < row.length; column++) {
      const by = grown[column % grown.length]!;
      row[column] = by === -1 ? 0 : (Number.isNaN(row[column]!) ? 0 : row[column]!) + by;
    }
    ring.push(index + 1, START + index * 1000, index === 0 ? Number.NaN : 1000, row);
  }
  const limits = { cpu_cores: 0.5, memory_bytes: 1000, pids: null };
  return {
    container: {
      id: `/docker/${name}`,
      name,
      labels: { 'a"b': "\n" },
      groups: {},
      limits,
      ...more,
    },
    ring,
  };
}
