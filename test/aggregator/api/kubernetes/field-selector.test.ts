import fc from "fast-check";
import { expect, test } from "vitest";

import { parseFieldSelector } from "../../../../aggregator/api/kubernetes/field-selector.ts";

const KNOWN = ["metadata.name", "metadata.namespace"];

function fits(text: string, fields: Record<string, string>): boolean {
  return parseFieldSelector(text, KNOWN)(fields);
}

test("chooses by each of its terms", () => {
  const fields = { "metadata.name": "web", "metadata.namespace": "shop" };
  expect(fits("", fields)).toBe(true);
  expect(fits("metadata.name=web", fields)).toBe(true);
  expect(fits("metadata.name==web,metadata.namespace=shop", fields)).toBe(true);
  expect(fits("metadata.name=web,metadata.namespace!=shop", fields)).toBe(false);
  expect(fits("metadata.name!=db", fields)).toBe(true);
  expect(fits("metadata.namespace=", { "metadata.name": "n1" })).toBe(true);
});

test("takes any value whose signs are escaped", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, other) => {
      const escaped = name.replaceAll(/[\\,=]/g, String.raw`\$&`);
      expect(fits(`metadata.name=${escaped}`, { "metadata.name": name })).toBe(true);
      expect(fits(`metadata.name=${escaped}`, { "metadata.name": other })).toBe(name === other);
    }),
  );
});

test.each(["metadata.name", "spec.x=1", "=web", "a b", "metadata.name=a=b", "metadata.name>1"])(
  "refuses %j with a 400",
  (text) => {
    expect(() => fits(text, {})).toThrow(/unable to parse fieldSelector/);
  },
);
