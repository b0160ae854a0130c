import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  countLines,
  KeyedFile,
  parseDigits,
  parseFirstLine,
  parseNumber,
  type Text,
} from "../../../agent/cgroup/parse.ts";

/** Bytes in a buffer that holds something else behind them, as the shared one does. */
function textOf(content: string): Text {
  const bytes = new TextEncoder().encode(`${content}99999\nanon 7\n`);
  return { bytes, length: new TextEncoder().encode(content).length };
}

describe("a number", () => {
  it.each([
    ["0\n", 0],
    ["12345\n", 12_345],
    ["9007199254740991\n", 9_007_199_254_740_991],
    ["18446744073709551615\n", 18_446_744_073_709_552_000],
    ["42", 42],
    ["max\n", Infinity],
    ["-1\n", Infinity],
    ["", NaN],
    ["\n", NaN],
    ["12a\n", NaN],
    ["-5\n", NaN],
    [" 5\n", NaN],
    ["0x10\n", NaN],
    ["1.5\n", NaN],
  ])("of %j is %d", (content, value) => {
    expect(parseNumber(textOf(content))).toBe(value);
  });

  it("is exact up to 2^53", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(parseNumber(textOf(`${value}\n`))).toBe(value);
      }),
    );
  });

  it("is never guessed from garbage", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (content) => {
        const value = parseNumber(textOf(content));
        const line = content.split("\n")[0] ?? "";
        const known = line === "max" || line === "-1" ? Infinity : Number(line);
        expect(value).toBe(/^\d+$|^max$|^-1$/.test(line) ? known : NaN);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("digits", () => {
  it("are read from a part of the bytes", () => {
    expect(parseDigits(new TextEncoder().encode("ab123c"), 2, 5)).toBe(123);
    expect(parseDigits(new TextEncoder().encode("ab123c"), 2, 6)).toBeNaN();
    expect(parseDigits(new TextEncoder().encode(""), 0, 0)).toBeNaN();
  });
});

describe("lines", () => {
  it("are counted, the last one only when it is whole", () => {
    expect(countLines(textOf(""))).toBe(0);
    expect(countLines(textOf("1\n22\n333\n"))).toBe(3);
    expect(countLines(textOf("1\n22"))).toBe(1);
  });

  it("give the first process", () => {
    expect(parseFirstLine(textOf("4711\n12\n"))).toBe(4711);
    expect(parseFirstLine(textOf(""))).toBeNaN();
  });
});

describe("a keyed file", () => {
  const format = new KeyedFile(["anon", "file", "inactive_file"]);

  it("finds its keys in any order, whatever else is there", () => {
    const text = textOf("kernel 1\ninactive_file 30\nanon 10\nanonymous 5\nfile 20\n");
    expect([...format.parse(text)]).toEqual([10, 20, 30]);
  });

  it("says NaN of what is missing or no number", () => {
    expect([...format.parse(textOf("anon x\nfile \nfile\n"))]).toEqual([NaN, NaN, NaN]);
    expect([...format.parse(textOf(""))]).toEqual([NaN, NaN, NaN]);
  });

  it("passes over a last line that is cut", () => {
    expect([...format.parse(textOf("file 20\nanon 12"))]).toEqual([NaN, 20, NaN]);
  });

  it("is right about every whole line of a mutated file, and never throws", () => {
    const whole = "anon 4096\nfile 8192\nkernel_stack 77\ninactive_file 12288\n";
    const mutation = fc.record({
      at: fc.nat({ max: whole.length }),
      remove: fc.nat({ max: 12 }),
      insert: fc.string({ unit: "binary-ascii", maxLength: 12 }),
    });
    fc.assert(
      fc.property(fc.array(mutation, { maxLength: 4 }), (mutations) => {
        let content = whole;
        for (const { at, remove, insert } of mutations) {
          content = content.slice(0, at) + insert + content.slice(at + remove);
        }
        const lines = content.split("\n").slice(0, -1);
        const expected = ["anon", "file", "inactive_file"].map((key) => {
          const values = lines.flatMap((line) => {
            const space = line.indexOf(" ");
            if (space === -1 || line.slice(0, space) !== key) return [];
            const rest = line.slice(space + 1);
            return [/^\d+$/.test(rest) ? Number(rest) : NaN];
          });
          return values.at(-1) ?? NaN;
        });
        expect([...format.parse(textOf(content))]).toEqual(expected);
      }),
      { numRuns: 10_000 },
    );
  });
});
