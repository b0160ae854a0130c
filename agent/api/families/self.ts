import type { Registry } from "prom-client";

import { encodeRegistry } from "../../../wire/exposition/registry.ts";
import type { PageSection } from "./family.ts";

/** What the agent tells of itself. */
export function selfSection(registry: Registry): PageSection {
  return async (page, format) =>
    page.write(encodeRegistry(await registry.getMetricsAsJSON(), format));
}
