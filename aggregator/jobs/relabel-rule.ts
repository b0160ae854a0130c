import type { Fields } from "../../lib/config/fields.ts";
import { messageOf } from "../../lib/errors.ts";
import { isLabelName } from "../../lib/label-name.ts";
import { type AnchoredPattern, compileAnchored } from "./anchored-pattern.ts";
import { isTemplate } from "./expand.ts";
import { RELABEL_ACTIONS, type RelabelAction, type RelabelRule } from "./relabel.ts";

const DEFAULT_REPLACEMENT = "$1";

/** A label's name with variables in it: `${1}_total`. */
const nameTemplate = /^(?:[a-z_]|\$\{\w+\}|\$\w)(?:\w|\$\{\w+\}|\$\w)*$/iu;

/** What each action needs besides, and what would be without a meaning there. */
const fieldsOf: Readonly<
  Record<RelabelAction, { needs: readonly string[]; bars: readonly string[] }>
> = {
  replace: { needs: ["target_label"], bars: [] },
  keep: { needs: [], bars: [] },
  drop: { needs: [], bars: [] },
  hashmod: { needs: ["target_label", "modulus"], bars: [] },
  labelmap: { needs: [], bars: [] },
  labeldrop: {
    needs: [],
    bars: ["source_labels", "target_label", "modulus", "separator", "replacement"],
  },
  labelkeep: {
    needs: [],
    bars: ["source_labels", "target_label", "modulus", "separator", "replacement"],
  },
  lowercase: { needs: ["target_label"], bars: ["replacement"] },
  uppercase: { needs: ["target_label"], bars: ["replacement"] },
  keepequal: { needs: ["target_label"], bars: ["regex", "modulus", "separator", "replacement"] },
  dropequal: { needs: ["target_label"], bars: ["regex", "modulus", "separator", "replacement"] },
};

/** The rules of a field such as `relabel_configs`; throws Unfit that names what is wrong. */
export function parseRelabelRules(fields: Fields, name: string): readonly RelabelRule[] {
  return fields.objects(name).map(parseRule);
}

function parseRule(rule: Fields): RelabelRule {
  const action = actionOf(rule);
  checkFields(rule, action);
  const parsed: RelabelRule = {
    action,
    sourceLabels: sourceLabelsOf(rule),
    separator: rule.text("separator", ";"),
    regex: patternOf(rule),
    targetLabel: rule.text("target_label", ""),
    replacement: rule.text("replacement", DEFAULT_REPLACEMENT),
    modulus: rule.integer("modulus", { min: 1, max: Number.MAX_SAFE_INTEGER }, 0),
  };
  checkNames(rule, parsed);
  rule.end();
  return parsed;
}

function actionOf(rule: Fields): RelabelAction {
  const word = rule.text("action", "replace").toLowerCase();
  const action = RELABEL_ACTIONS.find((known) => known === word);
  if (action !== undefined) return action;
  throw rule.fault("action", `must be one of ${RELABEL_ACTIONS.join(", ")}`);
}

function checkFields(rule: Fields, action: RelabelAction): void {
  const { needs, bars } = fieldsOf[action];
  for (const name of needs) {
    if (!rule.has(name)) throw rule.fault(name, `is missing, which ${action} needs`);
  }
  for (const name of bars) {
    if (rule.has(name)) throw rule.fault(name, `has no meaning for ${action}; leave it out`);
  }
}

function sourceLabelsOf(rule: Fields): readonly string[] {
  const names = rule.texts("source_labels");
  const wrong = names.findIndex((name) => !isLabelName(name));
  if (wrong === -1) return names;
  throw rule.fault(`source_labels[${wrong}]`, "is no label's name: use letters, digits and _");
}

function patternOf(rule: Fields): AnchoredPattern {
  try {
    return compileAnchored(rule.text("regex", "(.*)"));
  } catch (error) {
    // What RE2 says holds a piece of the expression, which is no secret but may be long.
    throw rule.fault("regex", `is no RE2 expression: ${messageOf(error).slice(0, 100)}`);
  }
}

function checkNames(rule: Fields, { action, targetLabel, replacement }: RelabelRule): void {
  const mayVary = action === "replace" && isTemplate(targetLabel);
  if (fieldsOf[action].needs.includes("target_label")) {
    if (!(mayVary ? nameTemplate.test(targetLabel) : isLabelName(targetLabel))) {
      throw rule.fault("target_label", "is no label's name: use letters, digits and _");
    }
  }
  if (action === "labelmap" && !nameTemplate.test(replacement)) {
    throw rule.fault("replacement", "must make a label's name, such as $1 or my_${1}");
  }
}
