import type { Labels } from "../../../wire/labels.ts";
import type { RelabelRule } from "../../jobs/relabel.ts";
import { outgoingLabels } from "./outgoing-labels.ts";
import { encodeLabels } from "./parcel-writer.ts";

const NAME = "__name__";

/**
 * The encoded labels of many series that differ in their names alone. Without relabelling all but
 * the name is encoded once.
 */
export class NamedLabels {
  readonly labels: Labels;
  readonly #external: Labels;
  readonly #rules: readonly RelabelRule[];
  readonly #before: Uint8Array;
  readonly #after: Uint8Array;

  constructor(labels: Labels, external: Labels, rules: readonly RelabelRule[]) {
    this.labels = labels;
    this.#external = external;
    this.#rules = rules;
    const all = Object.entries({ ...external, ...labels });
    this.#before = encodeLabels(Object.fromEntries(all.filter(([name]) => name < NAME)));
    this.#after = encodeLabels(Object.fromEntries(all.filter(([name]) => name > NAME)));
  }

  /** The labels of the series of a name; undefined if it is not to leave. */
  of(name: string): Uint8Array | undefined {
    if (this.#rules.length > 0) {
      return outgoingLabels({ ...this.labels, [NAME]: name }, this.#external, this.#rules);
    }
    return Buffer.concat([this.#before, nameLabel(name), this.#after]);
  }
}

const nameLabels = new Map<string, Uint8Array>();

/** Kept for each name: there are only those of our own families. */
function nameLabel(name: string): Uint8Array {
  let label = nameLabels.get(name);
  if (label === undefined) nameLabels.set(name, (label = encodeLabels({ [NAME]: name })));
  return label;
}
