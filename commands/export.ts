import { exportHistory } from "../aggregator/history/export-file.ts";
import type { Export } from "../aggregator/history/export-sql.ts";
import type { Width } from "../aggregator/history/tiers.ts";
import { ConfigError } from "../lib/errors.ts";
import { allStats } from "../wire/metrics/all.ts";
import { QueryError } from "../wire/stats/query.ts";
import { parseTime } from "../wire/stats/time.ts";
import type { ExportConfig } from "./export-options.ts";

/** What the command runs in. */
export interface ExportSurroundings {
  /** Shows how far it is, on a line that is written over; absent where nobody watches. */
  readonly show?: (line: string) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const WIDTHS: Readonly<Record<ExportConfig["resolution"], Width | undefined>> = {
  best: undefined,
  "1s": 1000,
  "15s": 15_000,
  "1m": 60_000,
  "10m": 600_000,
};

/** Writes a part of a history to a file; answers what to say at the end. Throws a ConfigError for what can't be. */
export async function runExport(
  config: ExportConfig,
  { show, now, signal }: ExportSurroundings,
): Promise<string> {
  const { output } = config;
  if (output === undefined) {
    throw new ConfigError(
      "output",
      undefined,
      "must name the file to write, such as history.parquet",
    );
  }
  const asked = parseExport(config, now());
  const target = {
    file: output,
    format: formatOf(config, output),
    progress: (percent: number | undefined) =>
      show?.(percent === undefined ? "exporting" : `exporting: ${Math.floor(percent)} %`),
    signal,
  };
  const { rows, bytes } = await exportHistory(config["history.dir"], asked, target);
  show?.("");
  return `${rows} rows, ${bytes} bytes: ${output}`;
}

/** Understands what is to be exported. */
function parseExport(config: ExportConfig, now: number): Export {
  const start = timeOf("start", config.start, now);
  const end = timeOf("end", config.end, now);
  if (start >= end) throw new ConfigError("start", config.start, "must be before the end");
  const names = config.metrics;
  const unknown = names.find((name) => !allStats.some((stat) => stat.name === name));
  if (unknown !== undefined) {
    const known = allStats.map(({ name }) => name).join(", ");
    throw new ConfigError("metrics", unknown, `must be some of ${known}`);
  }
  const stats = allStats.filter(({ name }) => names.length === 0 || names.includes(name));
  return { start, end, stats, width: WIDTHS[config.resolution], node: config.node };
}

function timeOf(setting: string, text: string, now: number): number {
  try {
    return parseTime(setting, text, now);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const remedy = "must be a time such as 2026-11-21T04:00:00Z, 1795233600, -1h or now";
    throw new ConfigError(setting, text, remedy);
  }
}

function formatOf({ format }: ExportConfig, output: string): "parquet" | "csv" {
  if (format !== undefined) return format;
  if (/\.parquet$/i.test(output)) return "parquet";
  if (/\.csv$/i.test(output)) return "csv";
  throw new ConfigError("output", output, "must end in .parquet or .csv, or format must be given");
}
