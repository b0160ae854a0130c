import type { Diagnosis } from "./diagnosis.ts";
import type { Explanation } from "./explain.ts";
import type { Finding, Status } from "./finding.ts";

/** How much of a diagnosis is written. */
export interface Style {
  readonly colours: boolean;
  /** Only what is said of metrics. */
  readonly metricsOnly: boolean;
}

/** https://man7.org/linux/man-pages/man4/console_codes.4.html */
const COLOURS: Readonly<Record<Status, number>> = { ok: 32, note: 36, missing: 33, bad: 31 };

const WORDS: Readonly<Record<Status, string>> = {
  ok: "ok",
  note: "note",
  missing: "MISSING",
  bad: "BAD",
};

/** So many names stand in a line; the rest are counted. */
const MOST_NAMES = 6;

function coloured(text: string, status: Status, { colours }: Style): string {
  return colours ? `\u{1b}[${COLOURS[status]}m${text}\u{1b}[0m` : text;
}

/** Nothing that a file or an engine said may move the cursor. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

function short(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function findingLines(findings: readonly Finding[], style: Style): string[] {
  const width = Math.max(0, ...findings.map(({ id }) => id.length));
  return findings.map(({ id, status, what, affects }) => {
    const word = coloured(WORDS[status].padEnd(7), status, style);
    const absent = affects.length === 0 || status === "ok" ? "" : `; affects ${short(affects)}`;
    return `  ${word}  ${id.padEnd(width)}  ${plain(what + absent)}`;
  });
}

function remedyLines(findings: readonly Finding[]): string[] {
  const wanted = findings.filter(({ remedy }) => remedy !== undefined);
  const width = Math.max(0, ...wanted.map(({ id }) => id.length));
  return wanted.map(({ id, remedy }) => `  ${id.padEnd(width)}  ${plain(remedy ?? "")}`);
}

function gathered(
  metrics: readonly Explanation[],
  keyOf: (metric: Explanation) => string,
): ReadonlyMap<string, readonly Explanation[]> {
  const all = new Map<string, Explanation[]>();
  for (const metric of metrics) {
    const key = keyOf(metric);
    const same = all.get(key);
    if (same === undefined) all.set(key, [metric]);
    else same.push(metric);
  }
  return all;
}

/** Those that are absent for one reason stand together. */
function metricLines(metrics: readonly Explanation[]): string[] {
  const byReason = gathered(metrics, ({ status, reason = "", remedy = "" }) =>
    JSON.stringify([status, reason, remedy]),
  );
  return [...byReason.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const { status, reason, remedy, measured_of: measured, looked_at: all } = first;
    const count = status === "partly" ? ` (${measured} of ${all})` : "";
    const names = same.map(({ name }) => name);
    return [
      `  ${same.length > 1 ? short(names) : names.join("")}`,
      `      ${status}${count}${reason === undefined ? "" : `: ${plain(reason)}`}`,
      ...(remedy === undefined ? [] : [`      remedy: ${plain(remedy)}`]),
    ];
  });
}

/** What is off, by its group. */
function offLines(metrics: readonly Explanation[]): string[] {
  const byGroup = gathered(metrics, ({ group }) => group);
  const width = Math.max(0, ...[...byGroup.keys()].map(({ length }) => length));
  return [...byGroup].map(([group, of]) => {
    const how = of[0]?.remedy?.startsWith("set ") === true ? `; ${of[0].remedy}` : "";
    return `  ${plain(group).padEnd(width)}  ${short(of.map(({ name }) => name)) + plain(how)}`;
  });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}

function verdict({ is_fit: isFit, findings }: Diagnosis): string {
  const lost = findings.filter(({ status }) => status === "missing").length;
  if (!isFit) return "Something that is needed is not there: see the lines that begin with BAD.";
  return lost === 0
    ? "Everything that is needed is there."
    : `Everything that is needed is there; some numbers are missing for ${lost} ${lost === 1 ? "reason" : "reasons"}.`;
}

/** A diagnosis for people: one line a finding, remedies below, then what is not measured. */
export function writeText(diagnosis: Diagnosis, style: Style): string {
  const { node, time, findings, metrics } = diagnosis;
  const lines = style.metricsOnly
    ? metricLines(metrics)
    : [
        `${plain(node)} at ${time}`,
        "",
        ...findingLines(findings, style),
        ...section("Remedies", remedyLines(findings)),
        ...section(
          "Not measured here, or not of all containers",
          metricLines(metrics.filter(({ status }) => status !== "off")),
        ),
        ...section(
          "Off by the settings; name the group in --metrics-enable, beside the others, to have it",
          offLines(metrics.filter(({ status }) => status === "off")),
        ),
        "",
        verdict(diagnosis),
      ];
  return `${lines.join("\n")}\n`;
}
