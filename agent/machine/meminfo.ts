/** Bytes of a line of `/proc/meminfo` or of a node's `meminfo`, which count in KiB; undefined without it. */
export function parseMeminfo(text: string, key: string): number | undefined {
  const kibibytes = new RegExp(`^(?:Node \\d+ )?${key}: +(\\d{1,20}) kB$`, "m").exec(text)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
