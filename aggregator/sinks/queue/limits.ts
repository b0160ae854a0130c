/** How much may wait on disk. */
export interface DiskLimits {
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly maxAge: number;
}

const MOST_SEGMENT_BYTES = 8 << 20;
const LEAST_SEGMENT_BYTES = 64 << 10;

/** How large a file becomes before the next is begun: a part of what may wait, as files go as a whole. */
export function segmentBytesOf({ maxBytes }: DiskLimits): number {
  const share = Math.trunc(maxBytes / 8);
  return Math.min(MOST_SEGMENT_BYTES, Math.max(LEAST_SEGMENT_BYTES, share));
}
