import type { Sample } from "../../../wire/exposition/parse-sample.ts";
import type { Labels } from "../../../wire/labels.ts";

/**
 * The labels of a sample together with those of its target. Where both have one of a name, the
 * target's is kept and the sample's becomes `exported_…`; with `honor` it is the other way round.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
 */
export function withTarget({ name, labels }: Sample, target: Labels, honor: boolean): Labels {
  const joined: Record<string, string> = { __name__: name };
  const conflicting: (readonly [string, string])[] = [];
  for (const [label, value] of labels) {
    // Empty is not there; but where its own word counts, it takes away the target's.
    if (value === "" && !honor) continue;
    if (!honor && Object.hasOwn(target, label)) conflicting.push([label, value]);
    else joined[label] = value;
  }
  for (const [label, value] of Object.entries(target)) {
    if (!honor || !Object.hasOwn(joined, label)) joined[label] = value;
  }
  for (const [label, value] of conflicting) joined[exportedName(label, joined)] = value;
  if (honor) for (const [label, value] of labels) if (value === "") delete joined[label];
  return joined;
}

function exportedName(label: string, taken: Labels): string {
  let name = `exported_${label}`;
  while (Object.hasOwn(taken, name)) name = `exported_${name}`;
  return name;
}
