import { encodeHead, encodeLabels, type FamilyHead } from "../../../wire/exposition/encode.ts";
import type { AgentView } from "../route.ts";
import type { PageSection } from "./family.ts";

const family: FamilyHead = {
  name: "container_events_total",
  type: "counter",
  help: "What has happened to a container since the agent's start, by type.",
};

/** What happened to containers, those that have gone among them. */
export function eventsSection(view: AgentView): PageSection {
  return (page, format) => {
    for (const { container } of view.window.live) view.events.learn(container);
    let isHeaded = false;
    for (const { container, counts } of view.events.entries()) {
      const labels = view.style.labelsOf(container);
      for (const [type, count] of counts) {
        if (!isHeaded) page.write(encodeHead(family, format));
        isHeaded = true;
        page.write(`${family.name}{${labels},${encodeLabels({ type })}} ${count}\n`);
      }
    }
  };
}
