import {
  encodeHead,
  encodeValue,
  type ExpositionFormat,
  type FamilyHead,
} from "../../../wire/exposition/encode.ts";
import type { AppMetrics } from "../../app-metrics/app-metrics.ts";
import type { AppSeries } from "../../app-metrics/exposed-families.ts";
import type { Window } from "../../window/window.ts";
import type { AgentView } from "../route.ts";
import type { Style } from "./container-page.ts";
import type { PageSection } from "./family.ts";

interface Shown {
  readonly head: FamilyHead;
  /** The series of each container, with the labels of that. */
  readonly parts: (readonly [owner: string, series: readonly AppSeries[]])[];
}

function gather(window: Window, style: Style, app: AppMetrics): Map<string, Shown> {
  const families = new Map<string, Shown>();
  for (const { container } of window.live) {
    for (const family of app.familiesOf(container)) {
      let shown = families.get(family.name);
      if (shown === undefined) families.set(family.name, (shown = { head: family, parts: [] }));
      shown.parts.push([style.labelsOf(container), family.series]);
    }
  }
  return families;
}

/** OpenMetrics calls the counter `a_total` `a`: where there is another `a`, it can't be one. */
function headOf(
  head: FamilyHead,
  families: ReadonlyMap<string, Shown>,
  format: ExpositionFormat,
): FamilyHead {
  const { name, type } = head;
  const short = name.endsWith("_total") ? name.slice(0, -"_total".length) : name;
  const isTaken = type === "counter" && short !== name && families.has(short);
  return format === "openmetrics" && isTaken ? { ...head, type: "unknown" } : head;
}

/** What containers expose of themselves, with their identity: their own labels become `app_<label>`. */
export function appSection({
  window,
  style,
  appMetrics: app,
}: Pick<AgentView, "window" | "style" | "appMetrics">): PageSection {
  return (page, format) => {
    if (app === undefined) return;
    const families = gather(window, style, app);
    for (const [, { head, parts }] of families) {
      page.write(encodeHead(headOf(head, families, format), format));
      for (const [owner, series] of parts) {
        for (const { name, labels, value } of series) {
          const all = labels === "" ? owner : `${owner},${labels}`;
          page.write(`${name}{${all}} ${encodeValue(value)}\n`);
        }
      }
    }
  };
}
