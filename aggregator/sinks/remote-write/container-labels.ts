import { isLabelName } from "../../../lib/label-name.ts";
import type { Container } from "../../../wire/container.ts";
import type { Labels } from "../../../wire/labels.ts";

/**
 * What tells the series of containers apart, without `__name__`: who it is and what it belongs to.
 * The engine's own labels are left out, as each new value of one would be a new series.
 */
export function containerLabels(node: string, container: Container): Labels {
  const { id, name, image = "", runtime, groups } = container;
  const named = Object.entries(groups).filter(([group]) => isLabelName(group));
  return {
    ...Object.fromEntries(named),
    node,
    id,
    image,
    // A plain cgroup has no name of its own.
    name: runtime === undefined ? "" : name,
  };
}
