import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { parseLabelSelector } from "../../../../aggregator/api/kubernetes/label-selector.ts";
import { isLabelKey, isLabelValue } from "../../../../aggregator/api/kubernetes/label-words.ts";

const word = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?$/);
const key = fc
  .tuple(fc.option(fc.stringMatching(/^[a-z0-9]{1,5}(\.[a-z]{1,3})?$/)), word)
  .map(([prefix, name]) => (prefix === null ? name : `${prefix}/${name}`))
  .filter((text) => text !== "in" && text !== "notin");
const value = fc.oneof(word, fc.constant(""));
/** Nothing at all between brackets is no list. */
const values = fc.array(value, { minLength: 1, maxLength: 4 }).filter((list) => list.join() !== "");
const blanks = fc.stringMatching(/^[ \t]{0,2}$/);

/** What a requirement says, in words of the test, and as Kubernetes writes it. */
interface Requirement {
  readonly text: string;
  readonly holds: (labels: Readonly<Record<string, string>>) => boolean;
}

const requirement: fc.Arbitrary<Requirement> = fc
  .tuple(key, values, blanks)
  .chain(([name, list, gap]): fc.Arbitrary<Requirement> => {
    const one = list[0]!;
    const isIn = (labels: Readonly<Record<string, string>>): boolean =>
      Object.hasOwn(labels, name) && list.includes(labels[name]!);
    const isOne = (labels: Readonly<Record<string, string>>): boolean => labels[name] === one;
    return fc.constantFrom<Requirement>(
      { text: `${gap}${name}${gap}`, holds: (labels) => Object.hasOwn(labels, name) },
      { text: `${gap}!${gap}${name}`, holds: (labels) => !Object.hasOwn(labels, name) },
      { text: `${name}${gap}=${gap}${one}`, holds: isOne },
      { text: `${name}${gap}==${gap}${one}`, holds: isOne },
      { text: `${name}${gap}!=${gap}${one}`, holds: (labels) => !isOne(labels) },
      { text: `${name} in${gap}(${list.join(`${gap},${gap}`)}${gap})`, holds: isIn },
      {
        text: `${name} notin${gap}(${list.join(",")})`,
        holds: (labels) => !isIn(labels),
      },
    );
  });

describe("a label selector", () => {
  test("holds where each of its requirements holds", () => {
    const some = fc.array(requirement, { minLength: 1, maxLength: 4 });
    const labels = fc.dictionary(key, value, { noNullPrototype: true, maxKeys: 5 });
    fc.assert(
      fc.property(some, labels, (all, own) => {
        const fits = parseLabelSelector(all.map(({ text }) => text).join(","));
        expect(fits(own)).toBe(all.every(({ holds }) => holds(own)));
      }),
    );
  });

  test("finds the label that it names", () => {
    fc.assert(
      fc.property(key, value, (name, own) => {
        const labels = { [name]: own };
        expect(parseLabelSelector(name)(labels)).toBe(true);
        expect(parseLabelSelector(`${name}=${own}`)(labels)).toBe(true);
        expect(parseLabelSelector(`${name}!=${own}`)(labels)).toBe(false);
        expect(parseLabelSelector(`!${name}`)(labels)).toBe(false);
      }),
    );
  });

  test("never does anything but choose or refuse with a 400", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[ab=!(),<>in ]{0,12}$/)), (text) => {
        try {
          expect(typeof parseLabelSelector(text)({ a: "b" })).toBe("boolean");
        } catch (error) {
          expect(error).toMatchObject({ statusCode: 400 });
        }
      }),
    );
  });

  test.each([
    ["", { a: "1" }, true],
    ["  ", {}, true],
    ["a=", { a: "" }, true],
    ["a=,b", { a: "", b: "2" }, true],
    ["a!=1", {}, true],
    ["a notin (1,2)", {}, true],
    ["a in (1,)", { a: "" }, true],
    ["a>3", { a: "10" }, true],
    ["a<3", { a: "10" }, false],
    ["a>3", { a: "x" }, false],
    ["a in (in,notin)", { a: "in" }, true],
    ["toString", {}, false],
    ["toString=x", {}, false],
  ])("%j of %j: %s", (text, labels, expected) => {
    expect(parseLabelSelector(text)(labels)).toBe(expected);
  });

  test.each([
    ["a b", `"b" stands where one of =`],
    ["a,", "its end comes where a key should be"],
    [",a", `"," stands where a key`],
    ["a in", "its end comes where ( should be"],
    ["a in ()", "no value in the brackets"],
    ["a in (b", "where a comma or ) should be"],
    ["a=b=c", `"=" stands where a comma or the end`],
    ["a=-b", `"-b" is no valid value`],
    ["a/b/c", `"a/b/c" is no valid key`],
    ["in", `"in" stands where a key`],
    ["a>b", `"b" is no whole number`],
    ["!", "where a key should be"],
    ["k".repeat(64), "is no valid key"],
    [`a=${"v".repeat(64)}`, "is no valid value"],
  ])("refuses %j: %s", (text, problem) => {
    expect(() => parseLabelSelector(text)).toThrow(problem);
  });
});

test("keys and values of labels", () => {
  expect(["a", "a/b", "a.b/c_d.e", "com.docker.compose.project"].every(isLabelKey)).toBe(true);
  expect(["", "/a", "a/", "A_/b", "-a", "a b", "a/b/c"].some(isLabelKey)).toBe(false);
  expect(["", "a", "A-b_c.d", "1"].every(isLabelValue)).toBe(true);
  expect(["-", "a/b", "a b", "a-"].some(isLabelValue)).toBe(false);
});
