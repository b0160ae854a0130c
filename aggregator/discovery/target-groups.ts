import { isLabelName } from "../../lib/label-name.ts";
import { isRecord } from "../../lib/record.ts";
import type { Labels } from "../../wire/labels.ts";
import type { TargetGroup } from "./discovery.ts";

/**
 * Reads the list of groups that files and HTTP services give: `[{"targets":["HOST:PORT"],
 * "labels":{…}}]`. `source` tells the place, to which each group's number is added, and `meta` are
 * labels of all of them. Throws Error that says where it is wrong.
 * https://prometheus.io/docs/prometheus/latest/http_sd/#http_sd-format
 */
export function parseTargetGroups(value: unknown, source: string, meta: Labels): TargetGroup[] {
  if (!Array.isArray(value)) throw new Error("is no list of target groups");
  const entries: readonly unknown[] = value;
  return entries.map((entry, index) => {
    if (!isRecord(entry)) throw new Error(`[${index}] is no target group`);
    const other = Object.keys(entry).find((name) => name !== "targets" && name !== "labels");
    if (other !== undefined) throw new Error(`[${index}] has a field besides targets and labels`);
    return {
      source: `${source}:${index}`,
      labels: { ...parseLabels(entry["labels"], index), ...meta },
      targets: parseAddresses(entry["targets"], index),
    };
  });
}

function parseAddresses(value: unknown, index: number): Labels[] {
  if (isNothing(value)) return [];
  if (!Array.isArray(value)) throw new Error(`[${index}].targets is no list`);
  const addresses: readonly unknown[] = value;
  return addresses.map((address, at) => {
    if (typeof address === "string") return { __address__: address };
    throw new Error(`[${index}].targets[${at}] is no text`);
  });
}

function parseLabels(value: unknown, index: number): Labels {
  if (isNothing(value)) return {};
  if (!isRecord(value)) throw new Error(`[${index}].labels is no object`);
  const labels: [string, string][] = [];
  for (const [name, text] of Object.entries(value)) {
    if (!isLabelName(name)) throw new Error(`[${index}].labels has a name that no label may have`);
    if (typeof text !== "string") throw new Error(`[${index}].labels.${name} is no text`);
    labels.push([name, text]);
  }
  return Object.fromEntries(labels);
}

/** Left out, or left empty in YAML. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
