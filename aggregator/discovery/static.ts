import type { Fields } from "../../lib/config/fields.ts";
import { isLabelName } from "../../lib/label-name.ts";
import type { Labels } from "../../wire/labels.ts";
import type { Discovery, DiscoveryKind, TargetGroup } from "./discovery.ts";

/** Finds just what it is given. */
export function createStaticDiscovery(groups: readonly TargetGroup[], where: string): Discovery {
  const targets = groups.reduce((sum, group) => sum + group.targets.length, 0);
  return {
    start: (found) => found(groups),
    state: () => ({ kind: "static", where, targets, failures: 0 }),
    close: () => undefined,
  };
}

/** `static_configs`: the targets stand in the configuration. */
export const staticConfigs: DiscoveryKind = {
  key: "static_configs",
  parse(entry) {
    const targets = entry.texts("targets").map((address, index): Labels => {
      // As Prometheus: `HOST:PORT`, never a URL.
      if (address !== "" && !address.includes("/")) return { __address__: address };
      throw entry.fault(`targets[${index}]`, "must be HOST:PORT, without a scheme or a path");
    });
    const group = { source: entry.path, labels: readLabels(entry), targets };
    entry.end();
    return () => createStaticDiscovery([group], entry.path);
  },
};

/** The field `labels` of an entry; throws Unfit for a name that no label may have. */
function readLabels(entry: Fields): Labels {
  const labels = entry.textMap("labels");
  for (const name of Object.keys(labels)) {
    if (isLabelName(name)) continue;
    throw entry.fault(`labels.${name}`, "is no label's name: use letters, digits and _");
  }
  return labels;
}
