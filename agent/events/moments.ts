import { gunzipSync, gzipSync } from "node:zlib";

import type { Limits } from "../../wire/container.ts";
import type { Moments } from "../../wire/events/event.ts";
import { allStats } from "../../wire/metrics/all.ts";
import type { Ring } from "../../wire/ring.ts";
import { derivationOf } from "../../wire/stats/answer.ts";

/** Moments as they are kept: JSON, compressed, in base 64. */
export type PackedMoments = string;

const derivations = allStats.map((stat) => ({ name: stat.name, derive: derivationOf(stat) }));

/** More says nothing about a minute. */
const DIGITS = 6;

/** What a container's window holds at this moment; what could not be measured all along is absent. */
export function momentsOf(ring: Ring, limits: Limits): Moments {
  const positions = Array.from({ length: ring.length }, (_, position) => position);
  const values: Record<string, (number | null)[]> = {};
  for (const { name, derive } of derivations) {
    const series = positions.map((position) => rounded(derive(ring, position, limits)));
    if (series.some((value) => value !== null)) values[name] = series;
  }
  return { times: positions.map((position) => Math.round(ring.timeAt(position)) / 1000), values };
}

/** Makes moments small: a minute of thirty statistics is about 3 kB. */
export function packMoments(moments: Moments): PackedMoments {
  return gzipSync(JSON.stringify(moments)).toString("base64");
}

/** Undoes `packMoments`. */
export function unpackMoments(packed: PackedMoments): Moments {
  // They were made by `packMoments`, and a checksum has held since.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString("utf8")) as Moments;
}

function rounded(value: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toPrecision(DIGITS));
}
