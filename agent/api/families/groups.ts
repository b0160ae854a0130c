import {
  encodeHead,
  encodeLabels,
  encodeValue,
  type ExpositionFormat,
  type FamilyHead,
} from "../../../wire/exposition/encode.ts";
import type { Page } from "../../../wire/exposition/page.ts";
import {
  groupCounters,
  type GroupFamily,
  groupGauges,
  groupSize,
} from "../../../wire/metrics/groups.ts";
import type { GroupTotal, GroupTotals } from "../../groups/group-totals.ts";
import type { PageSection } from "./family.ts";

interface Part {
  readonly head: FamilyHead;
  /** Labels that follow the group's own. */
  readonly labels: string;
  readonly valueOf: (total: GroupTotal) => number;
}

function partOf(
  { name, help, labels, of }: GroupFamily,
  type: "counter" | "gauge",
  place: number,
): Part {
  return {
    head: { name, help, type },
    labels: labels === undefined ? "" : `,${encodeLabels(labels)}`,
    valueOf(total) {
      const values = type === "counter" ? total.counters : total.gauges;
      return (values[place] ?? Number.NaN) / of.scale;
    },
  };
}

const PARTS: readonly Part[] = [
  ...groupCounters.map((family, place) => partOf(family, "counter", place)),
  ...groupGauges.map((family, place) => partOf(family, "gauge", place)),
  { head: { ...groupSize, type: "gauge" }, labels: "", valueOf: ({ size }) => size },
];

function writePart(
  page: Page,
  { head, labels, valueOf }: Part,
  totals: GroupTotals["totals"],
  format: ExpositionFormat,
): void {
  const before = page.length;
  page.write(encodeHead(head, format));
  const headed = page.length;
  for (const [group, total] of totals) {
    const value = valueOf(total);
    if (Number.isNaN(value)) continue;
    page.write(`${head.name}{${group}${labels}} ${encodeValue(value)}\n`);
  }
  if (page.length === headed) page.cut(before);
}

/** `container_group_*`: what projects, services, stacks, namespaces and pods use. */
export function groupsSection({ totals }: GroupTotals): PageSection {
  return (page, format) => {
    for (const part of PARTS) writePart(page, part, totals, format);
  };
}
