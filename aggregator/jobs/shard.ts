import { Unfit } from "../../lib/config/option.ts";
import { hashModulo } from "./relabel.ts";
import type { Target } from "./target.ts";

/** One of several aggregators that share the targets. */
export interface Shard {
  /** From 1 to `of`. */
  readonly number: number;
  readonly of: number;
}

const REMEDY = "must be NUMBER/OF such as 2/5, the second of five";

/** Reads `2/5`; throws Unfit. */
export function parseShard(text: string): Shard {
  const match = /^(?<number>[1-9]\d{0,3})\/(?<of>[1-9]\d{0,3})$/u.exec(text);
  const number = Number(match?.groups?.["number"]);
  const of = Number(match?.groups?.["of"]);
  if (match === null || number > of) throw new Unfit(REMEDY);
  return { number, of };
}

/**
 * Whether a target is this shard's. Of N shards each target has exactly one, whatever each finds
 * besides; the URL decides, so that two jobs ask the same endpoint from the same place.
 */
export function isOfShard({ url }: Target, { number, of }: Shard): boolean {
  return hashModulo(url, of) === number - 1;
}
