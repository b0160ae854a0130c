import type { DuckdbOptions } from "./duckdb.ts";
import type { History, HistoryKind } from "./history.ts";

/** How a history is to be kept. */
type HistorySettings = DuckdbOptions;

/** Opens a history; nothing where none is to be kept. */
type OpenHistory = (settings: HistorySettings) => Promise<History | undefined>;

/** The kinds of history, each loaded when it is wanted. A new one is a new line here. */
export const allHistories: Readonly<Record<HistoryKind, OpenHistory>> = {
  duckdb: async (settings) => (await import("./duckdb.ts")).openDuckdbHistory(settings),
  none: async () => undefined,
};
