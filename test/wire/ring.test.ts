import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Ring } from "../../wire/ring.ts";

function filled(capacity: number, samples: number): Ring {
  const ring = new Ring(capacity, 2);
  for (let index = 0; index < samples; index++) {
    ring.push(index * 2, 1000 * index, 1000, new Float64Array([index, -index]));
  }
  return ring;
}

describe("a ring", () => {
  it("is empty at first", () => {
    const ring = filled(3, 0);
    expect(ring.length).toBe(0);
    expect(ring.timeAt(0)).toBeNaN();
    expect(ring.valueAt(0, 0)).toBeNaN();
  });

  it("keeps the last samples, oldest first, whatever its size", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 0, max: 300 }),
        (capacity, samples) => {
          const ring = filled(capacity, samples);
          const kept = Math.min(capacity, samples);
          expect(ring.length).toBe(kept);
          for (let position = 0; position < kept; position++) {
            const index = samples - kept + position;
            expect(ring.tickAt(position)).toBe(index * 2);
            expect(ring.timeAt(position)).toBe(index * 1000);
            expect(ring.valueAt(position, 0)).toBe(index);
            expect(ring.valueAt(position, 1)).toBe(-index);
          }
          expect(ring.valueAt(kept, 0)).toBeNaN();
          expect(ring.valueAt(-1, 0)).toBeNaN();
        },
      ),
    );
  });

  it("finds the first sample after a pass and at a time", () => {
    const ring = filled(4, 10); // ticks 12 14 16 18, times 6000 … 9000
    expect(ring.positionAfterTick(0)).toBe(0);
    expect(ring.positionAfterTick(12)).toBe(1);
    expect(ring.positionAfterTick(13)).toBe(1);
    expect(ring.positionAfterTick(18)).toBe(4);
    expect(ring.positionAt(0)).toBe(0);
    expect(ring.positionAt(7000)).toBe(1);
    expect(ring.positionAt(7001)).toBe(2);
    expect(ring.positionAt(9001)).toBe(4);
  });

  it("copies the row it is given", () => {
    const ring = new Ring(2, 1);
    const row = new Float64Array([1]);
    ring.push(1, 0, Number.NaN, row);
    row[0] = 2;
    expect(ring.valueAt(0, 0)).toBe(1);
  });
});
