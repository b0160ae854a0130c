import type { Parcel } from "../sink.ts";

/** Puts lines, each with its end, into parcels of about so many bytes. */
export function toParcels(lines: readonly string[], mostBytes: number): Parcel[] {
  const parcels: Parcel[] = [];
  let [from, size] = [0, 0];
  const flush = (to: number): void => {
    if (to > from) {
      parcels.push({ body: Buffer.from(lines.slice(from, to).join("")), points: to - from });
    }
    [from, size] = [to, 0];
  };
  for (const [index, line] of lines.entries()) {
    // A character is three bytes at most; nearly all of them are one.
    if (size + line.length > mostBytes) flush(index);
    size += line.length;
  }
  flush(lines.length);
  return parcels;
}
