import { ExpositionParser } from "../../wire/exposition/parse.ts";
import type { MetricGroup } from "../../wire/metrics/metric-groups.ts";
import { cadvisorFamilies, NOT_SHOWN } from "./cadvisor-families.ts";
import type { FamilyRow, Need, Owners } from "./family-row.ts";
import { ownFamilies } from "./own-families.ts";

/** Where a page comes from. */
export interface Situation {
  readonly version: 1 | 2;
  /** A container that does everything that has series: its cgroup's path. */
  readonly container: string;
  readonly isOn: (group: MetricGroup) => boolean;
  readonly has: (need: Need) => boolean;
  /** Labels that all series about cgroups have beside their own. */
  readonly united?: readonly string[];
}

type Labels = ReadonlyMap<string, string>;

/** What a page says of a family. */
export interface Shown {
  type: string | undefined;
  readonly series: { readonly labels: Labels; readonly value: number; readonly isTimed: boolean }[];
}

/** A page in Prometheus's text format by family, with complaints about lines that are none and series that stand there twice. */
export function readPage(page: string): { families: Map<string, Shown>; complaints: string[] } {
  const families = new Map<string, Shown>();
  const complaints: string[] = [];
  const seen = new Set<string>();
  const familyOf = (name: string): Shown => {
    let family = families.get(name);
    if (family === undefined) families.set(name, (family = { type: undefined, series: [] }));
    return family;
  };
  const histograms = new Set<string>();
  const parser = new ExpositionParser("prometheus", {
    type(name, type) {
      if (familyOf(name).type !== undefined) complaints.push(`${name} has its type twice`);
      familyOf(name).type = type;
      if (type === "histogram") histograms.add(name);
    },
    sample({ name, labels, value, timestamp }) {
      const key = `${name} ${labels
        .map((label) => label.join("="))
        .toSorted()
        .join()}`;
      if (seen.has(key)) complaints.push(`${key} stands there twice`);
      seen.add(key);
      const short = name.replace(/_(?:bucket|sum|count)$/, "");
      const own = new Map(labels.filter(([label]) => label !== "le"));
      const isTimed = timestamp !== undefined;
      familyOf(histograms.has(short) ? short : name).series.push({ labels: own, value, isTimed });
    },
    malformed: (line) => complaints.push(`cannot be read: ${line}`),
  });
  parser.push(page);
  parser.end();
  return { families, complaints };
}

const MACHINE = ["boot_id", "machine_id", "system_uuid"];
const WITHIN = ["stack", "compose_project", "namespace"];

/** The labels that say whom a series is about, as this one must have them. */
function namesOf({ about }: FamilyRow, labels: Labels, situation: Situation): readonly string[] {
  if (about === "agent") return [];
  if (about === "machine") return MACHINE;
  if (about === "group") return ["group", "name", ...WITHIN.filter((name) => labels.has(name))];
  const { united, container } = situation;
  if (united !== undefined) return ["id", "image", "name", ...united];
  const isContainer = labels.get("id") === container || labels.has("name");
  return isContainer ? ["id", "image", "name"] : ["id"];
}

function checkLabels(row: FamilyRow, labels: Labels, situation: Situation): string | undefined {
  const must = [...namesOf(row, labels, situation), ...row.labels].toSorted().join();
  const isInfo = row.name === "container_info" && situation.united === undefined;
  const names = [...labels.keys()].filter(
    (name) => !isInfo || !name.startsWith("container_label_"),
  );
  const has = names.toSorted().join();
  return has === must ? undefined : `${row.name} has the labels ${has} instead of ${must}`;
}

/** Whether somebody must have series; undefined = who knows. */
function mustHave(row: FamilyRow, who: keyof Owners, situation: Situation): boolean | undefined {
  const { group, owners } = row;
  if (owners === undefined || (group !== undefined && !situation.isOn(group))) return false;
  const has = owners[who][situation.version - 1] ?? false;
  if (has === "maybe") return undefined;
  return typeof has === "boolean" ? has : situation.has(has);
}

function checkValues({ name, values = {} }: FamilyRow, series: Shown["series"]): string[] {
  return Object.entries(values).flatMap(([label, must]) => {
    const found = [...new Set(series.map(({ labels }) => labels.get(label) ?? ""))].toSorted();
    const isSame = found.join() === must.toSorted().join();
    return isSame ? [] : [`${name} has ${label}=${found.join()} instead of ${must.join()}`];
  });
}

function checkOwner(
  row: FamilyRow,
  shown: Shown | undefined,
  who: keyof Owners,
  situation: Situation,
): string[] {
  const id = who === "root" ? "/" : situation.container;
  const series = shown?.series.filter(({ labels }) => labels.get("id") === id) ?? [];
  const must = mustHave(row, who, situation);
  if (must === series.length > 0) {
    return must && who === "container" ? checkValues(row, series) : [];
  }
  if (row.isRare === true || must === undefined) return [];
  return [`${row.name} ${must ? "lacks" : "has"} series of the ${who}`];
}

function checkPresence(row: FamilyRow, shown: Shown | undefined, situation: Situation): string[] {
  if (row.about === "cgroup") {
    return (["root", "container"] as const).flatMap((who) =>
      checkOwner(row, shown, who, situation),
    );
  }
  const isOn = row.group === undefined || situation.isOn(row.group);
  const must = isOn && (row.needs === undefined || situation.has(row.needs));
  if (row.isRare === true || must === (shown !== undefined)) return [];
  return [`${row.name} ${must ? "is not" : "is"} there`];
}

function checkFamily(row: FamilyRow, shown: Shown | undefined, situation: Situation): string[] {
  const complaints = checkPresence(row, shown, situation);
  if (shown === undefined) return complaints;
  if (shown.type !== row.type) complaints.push(`${row.name} is a ${shown.type}`);
  if (shown.series.length === 0) complaints.push(`${row.name} has a type and no series`);
  for (const { labels, value } of shown.series) {
    const wrong = checkLabels(row, labels, situation);
    if (wrong !== undefined) complaints.push(wrong);
    if (Number.isNaN(value)) complaints.push(`${row.name} says NaN`);
    if (row.type === "counter" && value < 0) complaints.push(`${row.name} is negative`);
  }
  return complaints;
}

/** Every family that may stand on a page of the agent's. */
export const allFamilies: readonly FamilyRow[] = [...cadvisorFamilies, ...ownFamilies];

/** All that a page does not have as the tables say; each complaint once. */
export function checkFamilies(page: string, situation: Situation): string[] {
  const { families, complaints } = readPage(page);
  for (const row of allFamilies) {
    complaints.push(...checkFamily(row, families.get(row.name), situation));
  }
  const known = new Set(allFamilies.map(({ name }) => name));
  for (const name of families.keys()) {
    if (!known.has(name)) complaints.push(`${name} is in no table`);
  }
  for (const name of NOT_SHOWN) if (families.has(name)) complaints.push(`${name} is there`);
  return [...new Set(complaints)];
}
