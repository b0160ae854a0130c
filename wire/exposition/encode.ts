/**
 * Prometheus's text format 0.0.4 and OpenMetrics 1.0.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

import { preferred } from "../../lib/http/accept.ts";

/** The two text formats that scrapers ask for. */
export type ExpositionFormat = "prometheus" | "openmetrics";

/** `Content-Type` of each format. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** The last line of each format. */
export const ENDINGS: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: "",
  openmetrics: "# EOF\n",
};

/** What a family is, without its samples. */
export interface FamilyHead {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary" | "unknown";
  readonly help: string;
}

/** The format that an `Accept` header asks for; Prometheus's own if it asks for neither. */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  const types = ["text/plain", "application/openmetrics-text"] as const;
  return preferred(accept, types) === types[1] ? "openmetrics" : "prometheus";
}

/** The `# HELP` and `# TYPE` lines of a family. */
export function encodeHead(family: FamilyHead, format: ExpositionFormat): string {
  const { name, type } = headOf(family, format);
  const help = family.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** OpenMetrics names a counter without `_total`, and has no counters that lack it. */
function headOf(
  { name, type }: FamilyHead,
  format: ExpositionFormat,
): { name: string; type: string } {
  if (format === "prometheus") return { name, type: type === "unknown" ? "untyped" : type };
  if (type !== "counter") return { name, type };
  return name.endsWith("_total")
    ? { name: name.slice(0, -"_total".length), type }
    : { name, type: "unknown" };
}

const MUST_ESCAPE = /[\\"\n]/;

/** A label's value, escaped. */
export function escapeLabelValue(value: string): string {
  if (!MUST_ESCAPE.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** A name that may stand as a label's name: other characters become `_`. */
export function sanitizeLabelName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/gu, "_");
}

/** Labels as they stand between the braces. */
export function encodeLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabelValue(value)}"`)
    .join(",");
}

/** A sample's value. */
export function encodeValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}
