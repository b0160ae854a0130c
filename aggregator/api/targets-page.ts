import { createHash } from "node:crypto";

import { formatDuration } from "../../lib/config/duration.ts";

/** A target as the route tells it; times are RFC 3339. */
export interface ToldTarget {
  readonly job: string;
  readonly kind?: string | undefined;
  readonly url: string;
  readonly scrape_url?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly discovered_labels?: Readonly<Record<string, string>> | undefined;
  readonly state: string;
  readonly node?: string | undefined;
  readonly last_scrape?: string | undefined;
  readonly last_success?: string | undefined;
  readonly duration_seconds?: number | undefined;
  readonly lateness_seconds?: number | undefined;
  readonly scrape_interval_seconds?: number | undefined;
  readonly scrape_timeout_seconds?: number | undefined;
  readonly clock_difference_seconds?: number | undefined;
  readonly note?: string | undefined;
  readonly samples: number;
  readonly containers: number;
  readonly failures: number;
  readonly limit_hits: number;
  readonly error?: { readonly reason: string; readonly message: string } | undefined;
  readonly gap_seconds: number;
  readonly last_gap?:
    | { readonly start: string; readonly end: string; readonly cause: string }
    | undefined;
}

/** A discovery as the route tells it. */
export interface ToldDiscovery {
  readonly job: string;
  readonly kind: string;
  readonly where: string;
  readonly targets: number;
  readonly failures: number;
  readonly trouble?: string | undefined;
}

/** A sink and its queue as the route tells them; times are RFC 3339. */
export interface ToldSink {
  readonly name: string;
  readonly waiting_points: number;
  readonly waiting_bytes: number;
  readonly capacity_bytes: number;
  readonly oldest?: string | undefined;
  readonly sent_points: number;
  readonly refused_points: number;
  readonly dropped_points: number;
  readonly failures: number;
  readonly trouble?: string | undefined;
}

const STYLE = `
:root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif; }
body { margin: 1.5rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem; }
caption { text-align: left; font-size: 1.25rem; font-weight: 600; padding: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid light-dark(#ccc, #444); overflow-wrap: anywhere; }
.up { color: light-dark(#116329, #5dd17c); }
.down, .trouble { color: light-dark(#b00020, #ff8a8a); }
code { font: 12px/1.4 ui-monospace, monospace; }
`;

const HASH = createHash("sha256").update(STYLE).digest("base64");

/** Nothing but the page's own style. */
export const TARGETS_PAGE_POLICY: string =
  `default-src 'none'; style-src 'sha256-${HASH}'; ` +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/gu, (character) => ENTITIES[character] ?? "");
}

/** A cell: what it says, and a class for what has one. */
type Cell = readonly [text: string, className?: string];

function row(cells: readonly Cell[]): string {
  const written = cells.map(([text, className]) => {
    const attribute = className === undefined ? "" : ` class="${escape(className)}"`;
    return `<td${attribute}>${escape(text)}</td>`;
  });
  return `<tr>${written.join("")}</tr>\n`;
}

function table(
  caption: string,
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  const head = headings.map((text) => `<th scope="col">${escape(text)}</th>`).join("");
  const body = rows.map(row).join("");
  return `<table><caption>${escape(caption)}</caption>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}</tbody></table>\n`;
}

/** So many rows of a table are written out; all of them are in the JSON. */
const MOST_ROWS = 1000;

/** What a caption says of a list that is longer. */
function firstOf(all: readonly unknown[]): string {
  return all.length > MOST_ROWS ? `, the first ${MOST_ROWS} here, all of them as JSON` : "";
}

/** The targets as a page: no script, and nothing from anywhere else. */
export function encodeTargetsPage(
  targets: readonly ToldTarget[],
  discoveries: readonly ToldDiscovery[],
  sinks: readonly ToldSink[],
): string {
  const up = targets.filter(({ state }) => state === "up").length;
  const caption = `Targets (${up} of ${targets.length} up${firstOf(targets)})`;
  const found = `Discoveries (${discoveries.length}${firstOf(discoveries)})`;
  return [
    '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Targets</title><style>${STYLE}</style></head>\n<body>\n`,
    table(caption, TARGET_HEADINGS, targets.slice(0, MOST_ROWS).map(targetCells)),
    table(found, DISCOVERY_HEADINGS, discoveries.slice(0, MOST_ROWS).map(discoveryCells)),
    sinks.length === 0 ? "" : table(`Sinks (${sinks.length})`, SINK_HEADINGS, sinks.map(sinkCells)),
    "</body>\n</html>\n",
  ].join("");
}

const TARGET_HEADINGS = [
  "Job",
  "Target",
  "State",
  "Node",
  "Labels",
  "Every",
  "Last scrape",
  "Late",
  "Took",
  "Samples",
  "Error",
] as const;

const DISCOVERY_HEADINGS = ["Job", "Kind", "Where", "Targets", "Failures", "Trouble"] as const;

const SINK_HEADINGS = [
  "Sink",
  "Points waiting",
  "Of its queue",
  "Oldest",
  "Sent",
  "Refused",
  "Dropped",
  "Failures",
  "Trouble",
] as const;

function seconds(value: number | undefined): string {
  return value === undefined ? "" : `${value.toFixed(3)} s`;
}

/** `15s, at most 10s`. */
function turnsOf({
  scrape_interval_seconds: interval,
  scrape_timeout_seconds: timeout,
}: ToldTarget): string {
  if (interval === undefined || timeout === undefined) return "";
  return `${formatDuration(interval)}, at most ${formatDuration(timeout)}`;
}

function troubleOf({ note, error, gap_seconds: gap, limit_hits: hits }: ToldTarget): string {
  return [
    note ?? "",
    error === undefined ? "" : `${error.reason}: ${error.message}`,
    hits > 0 ? `${hits} answers were more than is allowed` : "",
    gap > 0 ? `${gap.toFixed(1)} s are missing for ever` : "",
  ]
    .filter((text) => text !== "")
    .join("; ");
}

function targetCells(target: ToldTarget): Cell[] {
  const pairs = Object.entries(target.labels).map(([name, value]) => `${name}="${value}"`);
  return [
    [target.job],
    [target.scrape_url ?? target.url],
    [target.state, target.state],
    [target.node ?? ""],
    [pairs.join(" ")],
    [turnsOf(target)],
    [target.last_scrape ?? "never"],
    [seconds(target.lateness_seconds)],
    [seconds(target.duration_seconds)],
    [String(target.samples)],
    [troubleOf(target), "trouble"],
  ];
}

function discoveryCells(discovery: ToldDiscovery): Cell[] {
  const { job, kind, where, targets, failures, trouble = "" } = discovery;
  return [[job], [kind], [where], [String(targets)], [String(failures)], [trouble, "trouble"]];
}

function sinkCells(sink: ToldSink): Cell[] {
  const { waiting_bytes: bytes, capacity_bytes: capacity, trouble = "" } = sink;
  return [
    [sink.name],
    [String(sink.waiting_points)],
    [`${((100 * bytes) / capacity).toFixed(1)} %`],
    [sink.oldest ?? ""],
    [String(sink.sent_points)],
    [String(sink.refused_points)],
    [String(sink.dropped_points)],
    [String(sink.failures)],
    [trouble, "trouble"],
  ];
}
