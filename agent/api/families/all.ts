import type { AgentView } from "../route.ts";
import { aboutSection } from "./about.ts";
import { appSection } from "./app.ts";
import { eventsSection } from "./events.ts";
import type { ContainerFamily, PageSection } from "./family.ts";
import { groupsSection } from "./groups.ts";
import { identityFamilies } from "./identity.ts";
import { machineSection } from "./machine.ts";
import { oomSection } from "./oom.ts";
import { sampledFamilies } from "./sampled.ts";
import { selfSection } from "./self.ts";
import { specFamilies } from "./spec.ts";
import { windowStatistics } from "./window-statistics.ts";

/** Every family about containers, in the order of their names. A new subject is a new line here. */
export function containerFamilies(view: AgentView): readonly ContainerFamily[] {
  const families = [
    ...sampledFamilies(view.exposed),
    ...specFamilies(() => view.machine.memoryBytes),
    ...windowStatistics(view.windowStatistics),
    ...identityFamilies(view.labels),
  ];
  return families.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What follows on the page, in this order. */
export function pageSections(view: AgentView): readonly PageSection[] {
  return [
    oomSection(view),
    eventsSection(view),
    aboutSection(view),
    machineSection(view),
    groupsSection(view.groups),
    appSection(view),
    selfSection(view.registry),
  ];
}
