import { createHash } from "node:crypto";

import { isLabelName } from "../../lib/label-name.ts";
import type { Labels } from "../../wire/labels.ts";
import type { AnchoredPattern } from "./anchored-pattern.ts";
import { expand, isTemplate } from "./expand.ts";

/** What a rule does, in Prometheus's words. */
export const RELABEL_ACTIONS = [
  "replace",
  "keep",
  "drop",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
  "keepequal",
  "dropequal",
] as const;

/** One of these. */
export type RelabelAction = (typeof RELABEL_ACTIONS)[number];

/**
 * An entry of `relabel_configs` or `metric_relabel_configs`, with its defaults filled in.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */
export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly regex: AnchoredPattern;
  /** Empty where the action has none. */
  readonly targetLabel: string;
  readonly replacement: string;
  /** 0 where the action has none. */
  readonly modulus: number;
}

/** Labels on their way through the rules; none of them is empty. */
type Draft = Map<string, string>;

/** Does what its action says; answers whether the labels are kept. */
type Act = (draft: Draft, value: string, rule: RelabelRule) => boolean;

/** The labels after all rules in their order; undefined if one of them drops them. */
export function relabel(labels: Labels, rules: readonly RelabelRule[]): Labels | undefined {
  if (rules.length === 0) return labels;
  const draft: Draft = new Map();
  for (const [name, value] of Object.entries(labels)) set(draft, name, value);
  for (const rule of rules) {
    const values = rule.sourceLabels.map((name) => draft.get(name) ?? "");
    if (!acts[rule.action](draft, values.join(rule.separator), rule)) return undefined;
  }
  return Object.fromEntries(draft);
}

/** The last eight bytes of a text's MD5 as a number, modulo something: what `hashmod` writes. */
export function hashModulo(text: string, modulus: number): number {
  const hash = createHash("md5").update(text).digest().readBigUInt64BE(8);
  return Number(hash % BigInt(modulus));
}

const acts: Readonly<Record<RelabelAction, Act>> = {
  keep: (_, value, { regex }) => regex.test(value),
  drop: (_, value, { regex }) => !regex.test(value),
  keepequal: (draft, value, { targetLabel }) => (draft.get(targetLabel) ?? "") === value,
  dropequal: (draft, value, { targetLabel }) => (draft.get(targetLabel) ?? "") !== value,
  replace,
  lowercase: (draft, value, { targetLabel }) => set(draft, targetLabel, value.toLowerCase()),
  uppercase: (draft, value, { targetLabel }) => set(draft, targetLabel, value.toUpperCase()),
  hashmod: (draft, value, { targetLabel, modulus }) =>
    set(draft, targetLabel, String(hashModulo(value, modulus))),
  labelmap,
  labeldrop: (draft, _, { regex }) => removeNames(draft, (name) => regex.test(name)),
  labelkeep: (draft, _, { regex }) => removeNames(draft, (name) => !regex.test(name)),
};

function replace(draft: Draft, value: string, rule: RelabelRule): boolean {
  const found = rule.regex.find(value);
  if (found === undefined) return true;
  const name = isTemplate(rule.targetLabel) ? expand(rule.targetLabel, found) : rule.targetLabel;
  if (isLabelName(name)) set(draft, name, expand(rule.replacement, found));
  return true;
}

function labelmap(draft: Draft, _: string, { regex, replacement }: RelabelRule): boolean {
  // What has just been written is not mapped again.
  const before = new Map(draft);
  for (const [name, value] of before) {
    const found = regex.find(name);
    const mapped = found === undefined ? "" : expand(replacement, found);
    if (isLabelName(mapped)) set(draft, mapped, value);
  }
  return true;
}

function removeNames(draft: Draft, isUnwanted: (name: string) => boolean): true {
  for (const name of draft.keys()) if (isUnwanted(name)) draft.delete(name);
  return true;
}

/** A label that is empty is one that is not there. */
function set(draft: Draft, name: string, value: string): true {
  if (value === "") draft.delete(name);
  else draft.set(name, value);
  return true;
}
