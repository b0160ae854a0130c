import { ExpositionParser } from "../wire/exposition/parse.ts";

/** In what a family can differ. */
export type Kind = "only theirs" | "only ours" | "type" | "labels" | "series" | "values";

/** One difference between the pages of two programs. */
export interface Difference {
  readonly family: string;
  readonly kind: Kind;
  readonly theirs: string;
  readonly ours: string;
}

interface Family {
  type: string;
  /** Values by their labels, those of the same cgroup and meaning alike on both pages. */
  readonly series: Map<string, number>;
  readonly labels: Set<string>;
}

/** A page by family. */
export type Families = ReadonlyMap<string, Family>;

/** Labels of one program alone, or of every program: they say nothing of a family. */
const NOT_COMPARED = /^(?:container_label_|container_env_|(?:image|name|id)$)/;

/** Reads a page and keeps the series of cgroups that are asked for, and those of none. */
export function readFamilies(page: string, isWanted: (cgroup: string) => boolean): Families {
  const families = new Map<string, Family>();
  const familyOf = (name: string): Family => {
    const family = families.get(name) ?? { type: "", series: new Map(), labels: new Set() };
    families.set(name, family);
    return family;
  };
  const parser = new ExpositionParser("prometheus", {
    type: (name, type) => (familyOf(name).type = type),
    sample({ name, labels, value }) {
      const id = labels.find(([label]) => label === "id")?.[1];
      if (id !== undefined && !isWanted(id)) return;
      const { series, labels: names } = familyOf(name);
      // An empty label is as good as none.
      const own = labels.filter(([label, text]) => text !== "" && !NOT_COMPARED.test(label));
      for (const [label] of own) names.add(label);
      const key = own.map(([label, text]) => `${label}="${text}"`).toSorted();
      series.set([...(id === undefined ? [] : [id]), ...key].join(","), value);
    },
  });
  parser.push(page);
  parser.end();
  for (const [name, { series }] of families) if (series.size === 0) families.delete(name);
  return families;
}

/** The machine never stands still: its numbers may move so far from one page to the other. */
const MOVES = { counter: 0.05, gauge: 0.5 };

function isMachine(key: string): boolean {
  return !key.startsWith("/") || key === "/" || key.startsWith("/,");
}

function isSame(type: string, key: string, theirs: number, ours: number): boolean {
  if (theirs === ours) return true;
  const difference = Math.abs(theirs - ours);
  // A counter of ticks or microseconds on the one page and of nanoseconds on the other.
  const moves = type === "counter" ? MOVES.counter : MOVES.gauge;
  const part = isMachine(key) ? moves : 1e-6;
  return difference <= Math.max(Math.abs(theirs), Math.abs(ours)) * part;
}

function short(keys: readonly string[]): string {
  const some = keys.slice(0, 3).map((key) => key.replaceAll(/[0-9a-f]{52}(?=[,]|$)/g, "…"));
  return `${keys.length}${keys.length === 0 ? "" : `: ${some.join(" ; ")}`}`;
}

function compareSeries(family: string, theirs: Family, ours: Family): Difference[] {
  const missing = [...theirs.series.keys()].filter((key) => !ours.series.has(key));
  const added = [...ours.series.keys()].filter((key) => !theirs.series.has(key));
  if (missing.length + added.length === 0) return [];
  return [{ family, kind: "series", theirs: short(missing), ours: short(added) }];
}

function compareValues(family: string, theirs: Family, ours: Family): Difference[] {
  const different = [...theirs.series].flatMap(([key, value]) => {
    const own = ours.series.get(key);
    return own === undefined || isSame(theirs.type, key, value, own) ? [] : [{ key, value, own }];
  });
  const [first] = different;
  if (first === undefined) return [];
  const theirText = `${different.length} of ${theirs.series.size}: ${short([first.key]).slice(3)} = ${first.value}`;
  return [{ family, kind: "values", theirs: theirText, ours: String(first.own) }];
}

function compareFamily(family: string, theirs: Family, ours: Family): Difference[] {
  const differences: Difference[] = [];
  if (theirs.type !== ours.type) {
    differences.push({ family, kind: "type", theirs: theirs.type, ours: ours.type });
  }
  const [theirLabels, ourLabels] = [theirs, ours].map(({ labels }) =>
    [...labels].toSorted().join(", "),
  );
  if (theirLabels !== ourLabels) {
    const [theirText = "", ourText = ""] = [theirLabels, ourLabels];
    differences.push({ family, kind: "labels", theirs: theirText, ours: ourText });
  }
  return [
    ...differences,
    ...compareSeries(family, theirs, ours),
    ...compareValues(family, theirs, ours),
  ];
}

/** All differences, family by family in the order of their names. */
export function comparePages(theirs: Families, ours: Families): Difference[] {
  const names = [...new Set([...theirs.keys(), ...ours.keys()])].toSorted();
  return names.flatMap((family): Difference[] => {
    const [their, our] = [theirs.get(family), ours.get(family)];
    if (their !== undefined && our !== undefined) return compareFamily(family, their, our);
    const kind = their === undefined ? "only ours" : "only theirs";
    const [theirSize, ourSize] = [their?.series.size ?? 0, our?.series.size ?? 0];
    return [{ family, kind, theirs: `${theirSize} series`, ours: `${ourSize} series` }];
  });
}
