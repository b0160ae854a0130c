/**
 * What a dashboard shows, told once for both kinds of store. What is not told for a store is left out of
 * that store's dashboard.
 */

/** Where a dashboard's numbers come from. */
export type Store = "prometheus" | "influxdb";

/** One line, bar or column. */
export interface Query {
  /** PromQL, with Grafana's variables and macros. */
  readonly prometheus?: string;
  /** InfluxQL, with Grafana's variables and macros. */
  readonly influxdb?: string;
  /** What it is called, with `{{label}}`; of a table, the column's title. */
  readonly legend: string;
  /** The same for InfluxDB, with `$tag_name`, where it differs. */
  readonly alias?: string;
  /** Of a table: the column's own unit. */
  readonly unit?: string;
}

/** From which value on which colour. */
export type Steps = readonly (readonly [from: number, color: string])[];

/** A panel; 24 columns make a row. */
export interface Panel {
  /** Lines over time, counts over time, one number, one bar each, or a table. */
  readonly kind: "graph" | "counts" | "stat" | "bars" | "table";
  readonly title: string;
  readonly description: string;
  /** As Grafana names units. */
  readonly unit: string;
  readonly width: number;
  readonly queries: readonly Query[];
  readonly steps?: Steps;
  /** What is shown in place of numbers where there are none: why, or what to switch on. */
  readonly noValue?: string;
  /** Most that there can be, such as 1 of a ratio. */
  readonly max?: number;
  /** Of a table: the labels that are columns, each with its title. */
  readonly keys?: Readonly<Record<string, string>>;
  /** A dashboard to open for what is clicked: its name, and which variable takes which label. */
  readonly opens?: { readonly dashboard: string; readonly with: Readonly<Record<string, string>> };
}

/** Panels under a heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Something to choose at the top. */
export interface Choice {
  readonly name: string;
  readonly label: string;
  readonly prometheus?: string;
  readonly influxdb?: string;
  /** All at once, beside any of them; else the first is chosen at the beginning. */
  readonly all: boolean;
}

/** Marks in every graph. */
export interface Marks {
  readonly name: string;
  readonly color: string;
  /** PromQL: a row for each mark. */
  readonly prometheus: string;
}

/** A whole dashboard. */
export interface Dashboard {
  /** File name, and the end of its uid. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly choices: readonly Choice[];
  readonly marks: readonly Marks[];
  readonly rows: readonly Row[];
}
