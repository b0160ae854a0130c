import { type Container, NO_LIMITS } from "../../../wire/container.ts";
import { encodeHead } from "../../../wire/exposition/encode.ts";
import { oomFamily } from "../../../wire/metrics/memory.ts";
import type { OomEntry } from "../../oom/ledger.ts";
import type { AgentView } from "../route.ts";
import type { PageSection } from "./family.ts";

/** Who a cgroup is, or was when it went; of one that was gone at once only its events may tell. */
function containerOf({ window, events }: AgentView, entry: OomEntry): Container {
  const { cgroup, container } = entry;
  const known = window.get(cgroup)?.container ?? container;
  if (known?.runtime !== undefined) return known;
  const plain = { id: cgroup, name: cgroup, labels: {}, groups: {}, limits: NO_LIMITS };
  const told = events.containerOf(cgroup);
  // Kept, as events are forgotten earlier.
  if (!entry.isLive && told !== undefined) entry.container = told;
  return told ?? known ?? plain;
}

/** Kills for the lack of memory, those of containers that have gone among them. */
export function oomSection(view: AgentView): PageSection {
  const { name } = oomFamily;
  return (page, format) => {
    if (!view.isGroupOn("oom_event")) return;
    let isHeaded = false;
    for (const entry of view.oom.entries()) {
      if (!isHeaded) page.write(encodeHead({ ...oomFamily, type: "counter" }, format));
      isHeaded = true;
      page.write(`${name}{${view.style.labelsOf(containerOf(view, entry))}} ${entry.count}\n`);
    }
  };
}
