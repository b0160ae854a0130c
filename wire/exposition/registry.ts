import {
  encodeHead,
  encodeLabels,
  encodeValue,
  type ExpositionFormat,
  type FamilyHead,
} from "./encode.ts";

/** A family as prom-client hands it out. */
export interface RegistryFamily {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly values?: readonly {
    readonly labels: Readonly<Record<string, string | number | undefined>>;
    readonly value: number;
    readonly metricName?: string;
  }[];
}

function labelsOf(labels: Readonly<Record<string, string | number | undefined>>): string {
  const texts = Object.entries(labels)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)] as const);
  return texts.length === 0 ? "" : `{${encodeLabels(Object.fromEntries(texts))}}`;
}

/** The types that prom-client names. */
const TYPES: readonly FamilyHead["type"][] = ["counter", "gauge", "histogram", "summary"];

/** Writes families of a prom-client registry (`getMetricsAsJSON`) in either format. */
export function encodeRegistry(
  families: readonly RegistryFamily[],
  format: ExpositionFormat,
): string {
  return families
    .map(({ name, help, type, values = [] }) => {
      const known = TYPES.find((candidate) => candidate === type) ?? "gauge";
      const lines = values.map(
        ({ labels, value, metricName = name }) =>
          `${metricName}${labelsOf(labels)} ${encodeValue(value)}\n`,
      );
      return lines.length === 0
        ? ""
        : encodeHead({ name, help, type: known }, format) + lines.join("");
    })
    .join("");
}
