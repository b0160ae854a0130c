import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { cover } from "../../../aggregator/history/cover.ts";
import { type Tier, WIDTHS } from "../../../aggregator/history/tiers.ts";

const MINUTE = 60_000;
const WIDEST = 10 * MINUTE;

const everything: readonly Tier[] = [
  { width: 1000, floor: 12 * WIDEST, until: Infinity },
  { width: 15_000, floor: 6 * WIDEST, until: 18 * WIDEST + 45_000 },
  { width: 60_000, floor: 3 * WIDEST, until: 18 * WIDEST },
  { width: 600_000, floor: 0, until: 18 * WIDEST },
];
const all = { start: 0, end: 20 * WIDEST };

/** Tiers as they may become: each is complete down to its floor, and up to where it is rolled up. */
const tiers = fc
  .record({
    kept: fc.subarray([...WIDTHS], { minLength: 1 }),
    floors: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 4, maxLength: 4 }),
    more: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ kept, floors, more }): Tier[] => {
    // A finer tier loses nothing that the next one has not got yet.
    let until = Infinity;
    const made: Tier[] = [];
    for (const [index, width] of kept.entries()) {
      const finer = made.at(-1);
      const lost = finer === undefined ? 0 : finer.floor;
      if (finer !== undefined) {
        const wished = lost + more[index]! * MINUTE;
        until = Math.max(lost, Math.floor(Math.min(until, wished) / width) * width);
      }
      const most = Number.isFinite(until) ? until : Infinity;
      made.push({
        width,
        floor: Math.min(floors[index]! * WIDEST, Math.floor(most / WIDEST) * WIDEST),
        until,
      });
    }
    return made;
  });

describe("the pieces of a range", () => {
  test("come from the finest tier that is left, where points count", () => {
    const { pieces, resolution } = cover(all, everything.slice(0, 1), { points: true });
    expect([pieces, resolution]).toEqual([[{ ...all, width: 1000 }], 1000]);
    const recent = { start: 13 * WIDEST, end: 20 * WIDEST };
    expect(cover(recent, everything, { points: true })).toEqual({
      pieces: [{ ...recent, width: 1000 }],
      resolution: 1000,
    });
  });

  test("come from each tier in turn, where a range reaches far back", () => {
    const { pieces, resolution } = cover(all, everything, { step: 1000 });
    expect(pieces).toEqual([
      { width: WIDEST, start: 0, end: 3 * WIDEST },
      { width: MINUTE, start: 3 * WIDEST, end: 6 * WIDEST },
      { width: 15_000, start: 6 * WIDEST, end: 12 * WIDEST },
      { width: 1000, start: 12 * WIDEST, end: 20 * WIDEST },
    ]);
    expect(resolution).toBe(WIDEST);
  });

  test("are as coarse as they may be, where only sums count; the ends stay exact", () => {
    const range = { start: 13 * WIDEST + 1, end: 18 * WIDEST + 50_001 };
    expect(cover(range, everything).pieces).toEqual([
      { width: 1000, start: range.start, end: 13 * WIDEST + 15_000 },
      { width: 15_000, start: 13 * WIDEST + 15_000, end: 13 * WIDEST + MINUTE },
      { width: MINUTE, start: 13 * WIDEST + MINUTE, end: 14 * WIDEST },
      { width: WIDEST, start: 14 * WIDEST, end: 18 * WIDEST },
      { width: 15_000, start: 18 * WIDEST, end: 18 * WIDEST + 45_000 },
      { width: 1000, start: 18 * WIDEST + 45_000, end: range.end },
    ]);
    const widths = cover(range, everything, { step: MINUTE }).pieces.map(({ width }) => width);
    expect(Math.max(...widths)).toBe(MINUTE);
  });

  test("neither overlap nor leave anything out, and are of tiers that have them", () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 30 * WIDEST }), fc.integer({ min: 1, max: 30 * WIDEST }))
      .map(([start, length]) => ({ start, end: start + length }));
    const wanted = fc.record(
      { step: fc.constantFrom(1000, 7000, 15_000, MINUTE, WIDEST), points: fc.boolean() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(tiers, range, wanted, (kept, asked, how) => {
        const { pieces, resolution } = cover(asked, kept, how);
        let reached = asked.start;
        for (const { width, start, end } of pieces) {
          expect(start).toBe(reached);
          expect(end).toBeGreaterThan(start);
          reached = end;
          const tier = kept.find((each) => each.width === width)!;
          expect(end).toBeLessThanOrEqual(tier.until);
          const others = kept.filter((each) => each.width < width).map(({ floor }) => floor);
          // Taken though it may reach over steps or over the range: only where nothing else is left.
          const isOnly = end <= Math.min(...others);
          const fits =
            start % width === 0 && end % width === 0 && (how.step ?? width) % width === 0;
          expect(isOnly || fits || width === kept[0]!.width || start < Math.min(...others)).toBe(
            true,
          );
          if (how.points) expect(width).toBeLessThanOrEqual(resolution);
          const hasIt = start >= tier.floor;
          const nobodyHas = kept.every(({ floor }) => floor > start);
          expect(hasIt || nobodyHas).toBe(true);
        }
        expect(reached).toBe(asked.end);
      }),
      { numRuns: 2000 },
    );
  });
});
