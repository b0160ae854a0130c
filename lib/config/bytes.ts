const factors: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/** A size (`1073741824`, `1GiB`, `500 MB`, `64Mi`) in bytes; undefined if it is none. */
export function parseBytes(text: string): number | undefined {
  const match = /^(?<amount>\d+(?:\.\d+)?)\s*(?<unit>[kmgt]i?)?b?$/iu.exec(text);
  if (match?.groups === undefined) return undefined;
  const factor = factors[(match.groups["unit"] ?? "").toLowerCase()];
  return factor === undefined ? undefined : Math.round(Number(match.groups["amount"]) * factor);
}
