import type { Labels } from "../../../wire/labels.ts";
import type { RelabelRule } from "../../jobs/relabel.ts";
import { relabel } from "../../jobs/relabel.ts";
import { encodeLabels } from "./parcel-writer.ts";

/**
 * The labels under which a series leaves, encoded: with those for other systems where it has none of
 * that name, then after relabelling. Undefined if it is not to leave.
 */
export function outgoingLabels(
  own: Labels,
  external: Labels,
  rules: readonly RelabelRule[],
): Uint8Array | undefined {
  const labels = relabel({ ...external, ...own }, rules);
  if (labels === undefined || (labels["__name__"] ?? "") === "") return undefined;
  return encodeLabels(labels);
}
