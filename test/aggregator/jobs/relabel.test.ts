import { describe, expect, test } from "vitest";

import { parseRelabelRules } from "../../../aggregator/jobs/relabel-rule.ts";
import { relabel } from "../../../aggregator/jobs/relabel.ts";
import { Fields } from "../../../lib/config/fields.ts";
import type { Labels } from "../../../wire/labels.ts";

const rulesOf = (rules: readonly object[]): ReturnType<typeof parseRelabelRules> =>
  parseRelabelRules(new Fields({ relabel_configs: rules }, ""), "relabel_configs");

const abc: Labels = { a: "foo", b: "bar", c: "baz" };

// test/system/sd-prometheus.test.ts has a real Prometheus say the same.
describe("a rule", () => {
  test.for<[string, Labels, object, Labels | undefined]>([
    [
      "replace puts sources together",
      abc,
      { source_labels: ["a", "b"], target_label: "d" },
      { ...abc, d: "foo;bar" },
    ],
    ["replace is anchored", abc, { source_labels: ["a"], regex: "o", target_label: "d" }, abc],
    [
      "replace fills in groups",
      abc,
      {
        source_labels: ["a", "b"],
        regex: "f(.*);(.*)r",
        target_label: "${2}",
        replacement: "$1-${2}-$$",
      },
      { ...abc, ba: "oo-ba-$" },
    ],
    [
      "$1x is a group of that name, which is not there",
      abc,
      { source_labels: ["a"], target_label: "d", replacement: "<$1x>" },
      { ...abc, d: "<>" },
    ],
    [
      "a lone dollar stays",
      abc,
      { source_labels: ["a"], target_label: "d", replacement: "$ $" },
      { ...abc, d: "$ $" },
    ],
    [
      "groups have names",
      abc,
      {
        source_labels: ["a"],
        regex: "(?P<first>.).*",
        target_label: "d",
        replacement: "${first}/$first",
      },
      { ...abc, d: "f/f" },
    ],
    [
      "a group that took no part is empty",
      abc,
      { source_labels: ["a"], regex: "(x)?foo", target_label: "d", replacement: "<$1>" },
      { ...abc, d: "<>" },
    ],
    [
      "an empty result takes the label away",
      abc,
      { source_labels: ["nobody"], target_label: "a" },
      { b: "bar", c: "baz" },
    ],
    [
      "a name that is none is not written",
      abc,
      { source_labels: ["a"], regex: "(.).*", target_label: "${2}" },
      abc,
    ],
    [
      "a dot takes a line end",
      { a: "x\ny" },
      { source_labels: ["a"], regex: "x.y", target_label: "d", replacement: "z" },
      { a: "x\ny", d: "z" },
    ],
    ["keep keeps", abc, { source_labels: ["a"], regex: "fo+", action: "keep" }, abc],
    ["keep drops", abc, { source_labels: ["a"], regex: "fo", action: "keep" }, undefined],
    ["drop drops", abc, { source_labels: ["a"], regex: "foo|bar", action: "drop" }, undefined],
    ["drop keeps", abc, { source_labels: ["a"], regex: "fo", action: "drop" }, abc],
    ["keepequal keeps", abc, { source_labels: ["a"], target_label: "a", action: "keepequal" }, abc],
    [
      "keepequal drops",
      abc,
      { source_labels: ["a"], target_label: "b", action: "keepequal" },
      undefined,
    ],
    [
      "keepequal: two that are not there are equal",
      abc,
      { source_labels: ["x"], target_label: "y", action: "keepequal" },
      abc,
    ],
    [
      "dropequal drops",
      abc,
      { source_labels: ["a"], target_label: "a", action: "dropequal" },
      undefined,
    ],
    ["dropequal keeps", abc, { source_labels: ["a"], target_label: "b", action: "dropequal" }, abc],
    // The last eight bytes of md5("baz") modulo 1000, as Prometheus's own tests have it.
    [
      "hashmod",
      abc,
      { source_labels: ["c"], modulus: 1000, target_label: "d", action: "hashmod" },
      { ...abc, d: "976" },
    ],
    [
      "labelmap",
      abc,
      { regex: "(a|b)", replacement: "my_$1", action: "labelmap" },
      { ...abc, my_a: "foo", my_b: "bar" },
    ],
    [
      "labelmap does not map what it has made",
      { x: "1" },
      { regex: "(x+)", replacement: "x$1", action: "labelmap" },
      { x: "1", xx: "1" },
    ],
    ["labeldrop", abc, { regex: "a|b", action: "labeldrop" }, { c: "baz" }],
    ["labelkeep", abc, { regex: "a|b", action: "labelkeep" }, { a: "foo", b: "bar" }],
    [
      "lowercase",
      { a: "FoO" },
      { source_labels: ["a"], target_label: "d", action: "lowercase" },
      { a: "FoO", d: "foo" },
    ],
    [
      "uppercase",
      { a: "FoO" },
      { source_labels: ["a"], target_label: "a", action: "uppercase" },
      { a: "FOO" },
    ],
    [
      "a name that every object has",
      abc,
      { source_labels: ["constructor"], target_label: "__proto__", replacement: "x$1" },
      JSON.parse('{"a":"foo","b":"bar","c":"baz","__proto__":"x"}'),
    ],
  ])("%s", ([, labels, rule, expected]) => {
    expect(relabel(labels, rulesOf([rule]))).toEqual(expected);
  });

  test("rules follow one another until one drops", () => {
    const rules = rulesOf([
      { source_labels: ["a"], target_label: "d" },
      { source_labels: ["d"], regex: "foo", action: "drop" },
      { source_labels: ["a"], target_label: "e" },
    ]);
    expect(relabel(abc, rules)).toBeUndefined();
    expect(relabel({ a: "other" }, rules)).toEqual({ a: "other", d: "other", e: "other" });
  });

  test("an expression made to take very long does not", { timeout: 5000 }, () => {
    const rules = rulesOf([{ source_labels: ["a"], regex: "(a+)+$", action: "keep" }]);
    expect(relabel({ a: `${"a".repeat(5000)}b` }, rules)).toBeUndefined();
  });
});

describe("a rule that cannot be", () => {
  test.for<[object, string]>([
    [{ action: "replac" }, "action must be one of replace, keep, drop, hashmod"],
    [{}, "target_label is missing, which replace needs"],
    [{ target_label: "a b" }, "target_label is no label's name"],
    [{ target_label: "9$1" }, "target_label is no label's name"],
    [{ action: "hashmod", target_label: "a" }, "modulus is missing, which hashmod needs"],
    [{ action: "hashmod", target_label: "a", modulus: 0 }, "modulus must be a whole number from 1"],
    [{ action: "keep", regex: "a(" }, "regex is no RE2 expression: "],
    [{ action: "keep", regex: "(?=a)" }, "regex is no RE2 expression: "],
    [{ action: "keep", regex: "(a)\\1" }, "regex is no RE2 expression: "],
    [{ action: "labelmap", replacement: "a-$1" }, "replacement must make a label's name"],
    [
      { action: "labeldrop", regex: "a", source_labels: ["a"] },
      "source_labels has no meaning for labeldrop",
    ],
    [
      { action: "lowercase", target_label: "a", replacement: "b" },
      "replacement has no meaning for lowercase",
    ],
    [{ action: "keepequal", target_label: "a", regex: "b" }, "regex has no meaning for keepequal"],
    [{ action: "lowercase", target_label: "${1}" }, "target_label is no label's name"],
    [{ target_label: "a", source_labels: ["a b"] }, "source_labels[0] is no label's name"],
    [
      { target_label: "a", sourcelabels: ["a"] },
      "sourcelabels is unknown; did you mean source_labels?",
    ],
    [{ target_label: "a", source_labels: "a" }, "source_labels must be a list"],
  ])("%j", ([rule, complaint]) => {
    expect(() => rulesOf([{ action: "keep" }, rule])).toThrow(`relabel_configs[1].${complaint}`);
  });
});
