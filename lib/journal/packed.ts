import { gunzipSync, gzipSync } from "node:zlib";

/** Something large that belongs to an entry: JSON, compressed, in base 64. */
export type Packed = string;

/** Makes it small. */
export function pack(whole: unknown): Packed {
  return gzipSync(JSON.stringify(whole)).toString("base64");
}

/** The JSON that was packed. */
export function unpackText(packed: Packed): string {
  return gunzipSync(Buffer.from(packed, "base64")).toString("utf8");
}
