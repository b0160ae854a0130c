import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** What a panel, a variable or an annotation asks for. */
export interface Asked {
  /** `fleet: Nodes by CPU [A]`. */
  readonly where: string;
  readonly expression: string;
  /** The same before the step was filled in. */
  readonly raw: string;
  /** Over time, or now. */
  readonly isRange: boolean;
  /** Labels that the legend names, or that are columns. */
  readonly labels: readonly string[];
}

interface Target {
  readonly expr: string;
  readonly refId: string;
  readonly legendFormat: string;
  readonly range?: boolean;
}

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly Target[];
  readonly interval?: string;
  readonly transformations?: readonly {
    readonly id: string;
    readonly options: { readonly renameByName?: Readonly<Record<string, string>> };
  }[];
}

/** A variable as Grafana has it. */
export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly allValue?: string;
}

/** A dashboard as it is committed, as far as it asks for something. */
export interface CommittedDashboard {
  readonly name: string;
  readonly variables: readonly Variable[];
  readonly asked: readonly Asked[];
}

const FOLDER = path.resolve(import.meta.dirname, "../../dashboards/grafana/prometheus");

/** Every committed dashboard for Prometheus. */
export function committedDashboards(): readonly CommittedDashboard[] {
  return readdirSync(FOLDER).map((file) => {
    const json = JSON.parse(readFileSync(path.join(FOLDER, file), "utf8"));
    const name = path.basename(file, ".json");
    return {
      name,
      variables: json.templating.list,
      asked: [
        ...json.panels.flatMap((panel: Panel) => ofPanel(name, panel)),
        ...json.annotations.list.map(
          (mark: { name: string; expr: string; titleFormat: string; textFormat: string }) => ({
            where: `${name}: mark ${mark.name}`,
            expression: mark.expr.replaceAll("$__interval", "1m"),
            raw: mark.expr,
            isRange: true,
            labels: labelsIn(`${mark.titleFormat} ${mark.textFormat}`),
          }),
        ),
      ],
    };
  });
}

function ofPanel(dashboard: string, panel: Panel): Asked[] {
  return (panel.targets ?? []).map((target) => ({
    where: `${dashboard}: ${panel.title} [${target.refId}]`,
    expression: target.expr.replaceAll("$__interval", panel.interval ?? "15s"),
    raw: target.expr,
    isRange: target.range === true,
    labels: panel.type === "table" ? columnsOf(panel) : labelsIn(target.legendFormat),
  }));
}

function columnsOf(panel: Panel): string[] {
  const renamed = panel.transformations?.find(({ id }) => id === "organize")?.options.renameByName;
  return Object.keys(renamed ?? {}).filter((name) => !name.startsWith("Value"));
}

function labelsIn(legend: string): string[] {
  return [...legend.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "");
}

/** As Grafana's data source of Prometheus writes values into a regular expression inside of a string. */
export function chosen(values: readonly string[]): string {
  const escaped = values.map((value) =>
    value.replaceAll("\\", "\\\\\\\\").replaceAll(/[$^*{}[\]'+?.()|]/g, String.raw`\\$&`),
  );
  return escaped.length === 1 ? (escaped[0] ?? "") : `(${escaped.join("|")})`;
}

/** Puts values in the place of variables, and times in that of macros; throws if one is left. */
export function filled(expression: string, values: Readonly<Record<string, string>>): string {
  const times = expression.replaceAll("$__rate_interval", "15s").replaceAll("$__range", "1h");
  const text = Object.entries(values).reduce(
    (rest, [name, value]) => rest.replaceAll(`"$${name}"`, () => `"${value}"`),
    times,
  );
  const left = /(?<!\\)\$[A-Za-z_]\w*/.exec(text);
  if (left) throw new Error(`${left[0]} is left in ${text}`);
  return text;
}
