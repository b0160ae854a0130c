import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  decodeSamples,
  encodeSamples,
  type FeedContainer,
  mapColumns,
  orderColumns,
} from "../../wire/feed.ts";
import { Ring } from "../../wire/ring.ts";

const raw = fc.oneof(fc.constant(Number.NaN), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));

const samples = fc.array(
  fc.record({
    step: fc.integer({ min: 1, max: 5 }),
    // Kept to the microsecond.
    time: fc.integer({ min: 0, max: 2e15 }).map((microseconds) => microseconds / 1000),
    interval: fc.oneof(
      fc.constant(Number.NaN),
      fc.integer({ min: 1, max: 1e8 }).map((us) => us / 1000),
    ),
    values: fc.tuple(raw, raw, raw),
  }),
  { maxLength: 80 },
);

/** Over the wire and back. */
function transfer(
  ring: Ring,
  columns: readonly string[],
  ours: readonly string[],
): ReturnType<typeof decodeSamples> {
  const encoded = encodeSamples(ring, 0, ring.length, [...columns.keys()]);
  const line = JSON.parse(JSON.stringify({ id: "/x", ...encoded })) as FeedContainer;
  return decodeSamples(line, mapColumns(columns, ours), ours.length);
}

describe("the feed", () => {
  it("gives back every sample exactly", () => {
    fc.assert(
      fc.property(samples, (all) => {
        const ring = new Ring(61, 3);
        let tick = 0;
        for (const { step, time, interval, values } of all) {
          ring.push((tick += step), time, interval, new Float64Array(values));
        }
        const decoded = transfer(ring, ["a", "b", "c"], ["a", "b", "c"]);
        expect(decoded.rows).toHaveLength(ring.length);
        for (let position = 0; position < ring.length; position++) {
          expect(decoded.ticks[position]).toBe(ring.tickAt(position));
          expect(decoded.times[position]).toBe(ring.timeAt(position));
          expect(decoded.intervals[position]).toBe(ring.intervalAt(position));
          for (let column = 0; column < 3; column++) {
            expect(decoded.rows[position]?.[column]).toBe(ring.valueAt(position, column));
          }
        }
      }),
    );
  });

  it("serves a reader of another version: unknown columns are passed over, missing ones absent", () => {
    const ring = new Ring(4, 2);
    ring.push(1, 1000, Number.NaN, new Float64Array([7, 8]));
    const { rows } = transfer(ring, ["new", "b"], ["a", "b", "c"]);
    expect(rows.map((row) => [...row])).toEqual([[Number.NaN, 8, Number.NaN]]);
  });

  it("says nothing of a column that was never measured", () => {
    const ring = new Ring(4, 2);
    ring.push(1, 1000, Number.NaN, new Float64Array([Number.NaN, 8]));
    expect(encodeSamples(ring, 0, 1, [0, 1]).values).toEqual([null, [8]]);
  });

  it("has the columns first that the most have, so that the absent ones need no word", () => {
    const [one, other, empty] = [new Ring(4, 3), new Ring(4, 3), new Ring(4, 3)];
    one.push(1, 1000, Number.NaN, new Float64Array([Number.NaN, 1, 2]));
    other.push(1, 1000, Number.NaN, new Float64Array([Number.NaN, Number.NaN, 3]));
    const columns = orderColumns([one, other, empty], 3);
    expect(columns).toEqual([2, 1, 0]);
    const { values, ...rest } = encodeSamples(other, 0, 1, columns);
    expect(values).toEqual([[3]]);
    const names = ["a", "b", "c"];
    const sent = columns.map((column) => names[column]!);
    const { rows } = decodeSamples({ id: "/x", values, ...rest }, mapColumns(sent, names), 3);
    expect(rows.map((row) => [...row])).toEqual([[Number.NaN, Number.NaN, 3]]);
  });
});
