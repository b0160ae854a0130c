import { choice, list, text } from "../lib/config/builders.ts";
import type { OptionsOf } from "../lib/config/option.ts";

/** What `plimsoll export` can be told. */
export interface ExportQuestion {
  readonly output: string | undefined;
  readonly format: "parquet" | "csv" | undefined;
  readonly start: string;
  readonly end: string;
  readonly resolution: "best" | "1s" | "15s" | "1m" | "10m";
  readonly metrics: readonly string[];
  readonly node: string | undefined;
}

/** With where the history is, as the aggregator is told it. */
export interface ExportConfig extends ExportQuestion {
  readonly "history.dir": string;
}

/** Its settings, read and checked. */
export const exportOptions: OptionsOf<ExportQuestion> = {
  output: text({
    placeholder: "FILE",
    help: "The file to write; it must not be there yet.",
  }),
  format: choice({
    values: ["parquet", "csv"],
    help: "What to write; the file's ending says it if left out.",
    default: undefined,
  }),
  start: text({
    placeholder: "TIME",
    default: "-1h",
    help: "Begins at this time: RFC 3339, Unix seconds, or -1h for an hour ago.",
  }),
  end: text({ placeholder: "TIME", default: "now", help: "Ends before this time." }),
  resolution: choice({
    values: ["best", "1s", "15s", "1m", "10m"],
    default: "best",
    help: "How long each row stands for; best takes the finest that is kept of each time.",
  }),
  metrics: list({
    placeholder: "NAME,…",
    default: [],
    help: "Only these statistics; all if left out.",
  }),
  node: text({ placeholder: "NAME", help: "Only containers of this node." }),
};
