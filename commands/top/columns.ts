import { cpuRatio, memoryRatio, pressure } from "./measure.ts";
import type { Row } from "./row.ts";

/** What one can sort by, in the order of the columns. */
export const SORT_KEYS = [
  "name",
  "node",
  "state",
  "cpu",
  "cpu_limit",
  "memory",
  "memory_limit",
  "rx",
  "tx",
  "read",
  "write",
  "pids",
  "throttled",
  "pressure",
  "oom",
] as const;

/** One of them. */
export type SortKey = (typeof SORT_KEYS)[number];

type TextOf = (row: Row) => string;
type NumberOf = (row: Row) => number | undefined;

const texts: Partial<Record<SortKey, TextOf>> = {
  name: (row) => row.name,
  node: (row) => row.node,
  state: (row) => row.state,
};

const numbers: Partial<Record<SortKey, NumberOf>> = {
  cpu: ({ values }) => values.cpu_cores,
  cpu_limit: cpuRatio,
  memory: ({ values }) => values.memory_working_set_bytes,
  memory_limit: memoryRatio,
  rx: ({ values }) => values.network_receive_bytes_per_second,
  tx: ({ values }) => values.network_transmit_bytes_per_second,
  read: ({ values }) => values.fs_read_bytes_per_second,
  write: ({ values }) => values.fs_write_bytes_per_second,
  pids: ({ values }) => values.processes,
  throttled: ({ values }) => values.cpu_throttled_ratio,
  pressure,
  oom: ({ values }) => values.oom_kills,
};

/** By code points, as the server sorts: the same everywhere, whatever the reader's language. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Most first, texts from A to Z; the unknown last, turned round or not; what is equal by name. */
export function orderOf(sort: SortKey, isReverse: boolean): (a: Row, b: Row) => number {
  const sign = isReverse ? -1 : 1;
  const text = texts[sort];
  const number = numbers[sort];
  const byColumn = (a: Row, b: Row): number => {
    if (text !== undefined) return sign * compareTexts(text(a), text(b));
    return compareNumbers(number?.(a), number?.(b), sign);
  };
  return (a, b) => byColumn(a, b) || compareTexts(a.name, b.name) || compareTexts(a.key, b.key);
}

function compareNumbers(a: number | undefined, b: number | undefined, sign: number): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return sign * (b - a);
}
