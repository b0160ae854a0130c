import type { PlacedRecord, QueueRecord } from "./record.ts";

/** The next records to be sent, and the place behind each. */
export interface Due {
  readonly records: readonly PlacedRecord[];
  readonly segment: number;
}

/** What a request may hold. */
export interface DueLimits {
  /** Of bodies, unless the first alone has more. */
  readonly mostBytes: number;
  readonly most: number;
  /** Unix milliseconds: what was taken before is not sent any more. */
  readonly since: number;
}

/** The beginning of what was read: what nobody is sent, and then what is due. */
export interface FirstRecords {
  readonly passedOver: readonly PlacedRecord[];
  readonly records: readonly PlacedRecord[];
}

/** Takes as much as one request may hold; what is too old or has no body is passed over. */
export function firstRecords(
  found: readonly PlacedRecord[],
  { mostBytes, most, since }: DueLimits,
): FirstRecords {
  const isDue = ({ body, time }: PlacedRecord): boolean => body.length > 0 && time >= since;
  const from = found.findIndex(isDue);
  if (from === -1) return { passedOver: found, records: [] };
  const records: PlacedRecord[] = [];
  let bytes = 0;
  for (const record of found.slice(from)) {
    bytes += record.body.length;
    const isFull = records.length > 0 && (bytes > mostBytes || records.length >= most);
    if (isFull || !isDue(record)) break;
    records.push(record);
  }
  return { passedOver: found.slice(0, from), records };
}

/** How many points records have. */
export function pointsOf(records: readonly QueueRecord[]): number {
  return records.reduce((sum, { points }) => sum + points, 0);
}
