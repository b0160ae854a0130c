import fc from "fast-check";
import { compress } from "snappyjs";
import { describe, expect, test } from "vitest";

import { freshSeries } from "../../../../aggregator/sinks/remote-write/fresh-series.ts";
import {
  encodeLabels,
  ParcelWriter,
  STALE,
} from "../../../../aggregator/sinks/remote-write/parcel-writer.ts";
import { requestV2 } from "../../../../aggregator/sinks/remote-write/request-v2.ts";
import type { Labels } from "../../../../wire/labels.ts";
import { type Decoded, decodeV1, decodeV2, unpack } from "./decode.ts";

const T0 = 1_790_000_000_000;
const NO_LIMITS = { bytes: 1e9, samples: 1e9 };
const STALE_BITS = "7ff0000000000002";

type Sample = readonly [labels: Labels, time: number, value: number | typeof STALE];

function parcelsOf(samples: readonly Sample[], limits = NO_LIMITS): readonly Uint8Array[] {
  const writer = new ParcelWriter(limits);
  for (const [labels, time, value] of samples) writer.add(encodeLabels(labels), time, value);
  return writer.finish().map(({ body }) => body);
}

/** What a decoder should find. */
function expected(samples: readonly Sample[]): unknown[] {
  return samples.map(([labels, time, value]) => ({
    labels: Object.entries(labels)
      .filter(([, text]) => text !== "")
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    samples: [{ time, value: value === STALE ? Number.NaN : value }],
  }));
}

function plain(decoded: readonly Decoded[]): unknown[] {
  return decoded.map(({ labels, samples }) => ({
    labels,
    samples: samples.map(({ time, value }) => ({ time, value })),
  }));
}

const text = fc.string({ unit: "binary", maxLength: 300 });
const labels = fc
  .dictionary(fc.stringMatching(/^[a-zA-Z_]\w{0,20}$/), text, { maxKeys: 8 })
  .map((found): Labels => ({ ...found, __name__: "metric" }));
const samples = fc.array(
  fc.tuple(labels, fc.maxSafeInteger(), fc.oneof(fc.double(), fc.constant<typeof STALE>(STALE))),
  { maxLength: 30 },
);

describe("messages of 1.0", () => {
  test("say what was given, whole or joined of small parcels", () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 2000 }), (given, bytes) => {
        const parcels = parcelsOf(given, { bytes, samples: 3 });
        expect(plain(decodeV1(Buffer.concat(parcels)))).toEqual(expected(given));
        for (const parcel of parcels) expect(decodeV1(parcel).length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 100 },
    );
  });

  test("have a stale marker's bits for what has ended, and only for that", () => {
    const given: Sample[] = [
      [{ __name__: "a" }, T0, STALE],
      [{ __name__: "b" }, T0, Number.NaN],
      [{ __name__: "c" }, T0, Number.NEGATIVE_INFINITY],
    ];
    const bits = decodeV1(Buffer.concat(parcelsOf(given))).map((one) => one.samples[0]?.bits);
    expect(bits).toEqual([STALE_BITS, "7ff8000000000001", "fff0000000000000"]);
  });

  test("are byte for byte as the description has them", () => {
    // Worked out by hand: up{job="a"} 1 @ 1000.
    const known =
      "0a280a0e0a085f5f6e616d655f5f120275700a080a036a6f62120161120c09000000000000f03f10e807";
    const [body] = parcelsOf([[{ job: "a", __name__: "up" }, 1000, 1]]);
    expect(Buffer.from(body!).toString("hex")).toBe(known);
  });
});

describe("messages of 2.0", () => {
  test("say the same as those of 1.0 that they are made from", () => {
    fc.assert(
      fc.property(samples, (given) => {
        const body = Buffer.concat(parcelsOf(given));
        const before = decodeV1(body).map((one) => one.samples);
        const after = decodeV2(requestV2(body));
        expect(plain(after)).toEqual(expected(given));
        expect(after.map((one) => one.samples)).toEqual(before);
      }),
      { numRuns: 100 },
    );
  });

  test("say of what we make ourselves that it is a gauge", () => {
    const names = ["up", "plimsoll_container_cpu_cores_max", "http_requests_total"];
    const body = Buffer.concat(parcelsOf(names.map((__name__) => [{ __name__ }, T0, 1])));
    const [up, cores, foreign] = decodeV2(requestV2(body));
    expect(up?.metadata).toEqual({ type: 2, help: expect.stringContaining("answered") });
    expect(cores?.metadata).toEqual({ type: 2, help: expect.stringContaining("greatest second") });
    expect(foreign?.metadata).toBeUndefined();
  });
});

describe("an age limit", () => {
  test("takes out what is older, and leaves the rest as it was", () => {
    const given = [1, 2, 3, 4].map((n): Sample => [{ __name__: `m${n}` }, T0 + n, n]);
    const body = Buffer.concat(parcelsOf(given));
    expect(freshSeries(body, T0 + 1)).toBe(body);
    expect(plain(decodeV1(freshSeries(body, T0 + 3)!))).toEqual(expected(given.slice(2)));
    expect(freshSeries(body, T0 + 5)).toBeUndefined();
  });
});

describe("snappy", () => {
  test("packs what another program unpacks", () => {
    const blocks = fc.oneof(
      fc.uint8Array({ maxLength: 500 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(5000))
        .map(([piece, times]) => Buffer.alloc(times, piece)),
    );
    fc.assert(
      fc.property(blocks, (block) => {
        expect(unpack(compress(block)).equals(Buffer.from(block))).toBe(true);
      }),
    );
    const large = Buffer.alloc(200_000, 'up{job="a",instance="b:9100"} 1\n');
    expect(unpack(compress(large)).equals(large)).toBe(true);
  });
});
