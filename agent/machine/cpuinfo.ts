/** What `/proc/cpuinfo` says of all processors; each architecture has its own lines. */
export interface CpuInfo {
  readonly processors: number;
  /** `GenuineIntel`, `IBM/S390`; empty where the architecture has no such line. */
  readonly vendorId: string;
  /** Of the first processor, now. */
  readonly frequencyKhz: number | undefined;
  readonly cores: number | undefined;
  readonly sockets: number | undefined;
}

/** Different values of some keys over all processors; undefined if it has no such keys. */
function countDistinct(cpuinfo: string, keys: readonly string[]): number | undefined {
  const patterns = keys.map((key) => new RegExp(`^${key}[ \\t]*: (.+)$`, "m"));
  const seen = new Set<string>();
  for (const processor of cpuinfo.split("\n\n")) {
    const values = patterns.map((pattern) => pattern.exec(processor)?.[1]);
    if (values.every((value) => value !== undefined)) seen.add(values.join("/"));
  }
  return seen.size === 0 ? undefined : seen.size;
}

/** Understands `/proc/cpuinfo`. */
export function parseCpuInfo(text: string): CpuInfo {
  // `clock` is PowerPC's word.
  const megahertz = /^(?:cpu MHz|CPU MHz|clock)[ \t]*:[ \t]*(\d{1,20}(?:\.\d+)?)(?:MHz)?$/m.exec(
    text,
  )?.[1];
  return {
    processors: (text.match(/^processor[ \t]*(?:\d+[ \t]*)?:/gm) ?? []).length,
    vendorId: /^vendor_id\s*:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? "",
    frequencyKhz: megahertz === undefined ? undefined : Math.round(Number(megahertz) * 1000),
    cores: countDistinct(text, ["physical id", "core id"]),
    sockets: countDistinct(text, ["physical id"]),
  };
}
