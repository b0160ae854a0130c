/** Families of a disk, by the place of the field of `/proc/diskstats` that they show, and its steps in one unit. */
export const DISK_FAMILIES: readonly (readonly [family: string, field: number, scale: number])[] = [
  ["reads_total", 0, 1],
  ["reads_merged_total", 1, 1],
  ["sector_reads_total", 2, 1],
  ["reads_bytes_total", 2, 1 / 512],
  ["read_seconds_total", 3, 1000],
  ["writes_total", 4, 1],
  ["writes_merged_total", 5, 1],
  ["sector_writes_total", 6, 1],
  ["writes_bytes_total", 6, 1 / 512],
  ["write_seconds_total", 7, 1000],
  ["io_current", 8, 1],
  ["io_time_seconds_total", 9, 1000],
  ["io_time_weighted_seconds_total", 10, 1000],
];
