import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  countLines,
  KeyedFile,
  parseDigits,
  parseFirstLine,
  parseList,
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

  it("finds keys that are shorter than a word, or the beginning of another", () => {
    const short = new KeyedFile(["a", "ab", "abc", "abcd", "abcdef"]);
    const content = "a 1\nab 2\nabc 3\nabcd 4\nabcde 9\nabcdef 5\nb 9\nabcdefg 9\n";
    for (let time = 0; time < 2; time++) {
      expect([...short.parse(textOf(content))]).toEqual([1, 2, 3, 4, 5]);
    }
  });

  it("does not take a line for what stood there the time before", () => {
    const before = "kernel 1\nanon 2\nfile 3\n";
    for (const [content, values] of [
      ["kernel 1\nanom 2\nfile 3\n", [NaN, 3, NaN]],
      ["kernel\nanon 2\nfile 3\n", [2, 3, NaN]],
      ["kernel 1\nanon\nfile 3\n", [NaN, 3, NaN]],
      ["kernel 1\nfile 3\nanon 2\n", [2, 3, NaN]],
      ["anon 2\n", [2, NaN, NaN]],
      ["kernel 1\nanon", [NaN, NaN, NaN]],
      ["kernel 1\nano", [NaN, NaN, NaN]],
      ["\n\nanon 2\n", [2, NaN, NaN]],
    ] as const) {
      expect([...format.parse(textOf(before))]).toEqual([2, 3, NaN]);
      expect([...format.parse(textOf(content))], content).toEqual(values);
    }
  });

  it("reads a buffer's part, and another buffer after it", () => {
    const all = new TextEncoder().encode("xxxanon 5\nfile 6\n");
    const part = { bytes: all.subarray(3), length: all.length - 3 };
    expect([...format.parse(part)]).toEqual([5, 6, NaN]);
    expect([...format.parse({ bytes: all, length: all.length })]).toEqual([NaN, 6, NaN]);
    expect([...format.parse(textOf("anon 7\n"))]).toEqual([7, NaN, NaN]);
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

describe("a list of numbers", () => {
  it.each([
    ["", []],
    ["12\n13\n", [12, 13]],
    ["0\n12\n", [0, 12]],
    ["12\nx\n\n-1\n13\n", [12, NaN, NaN, NaN, 13]],
    // The last line may be cut.
    ["12\n13", [12, NaN]],
  ])("of %j is %j", (content, numbers) => {
    expect(parseList(textOf(content))).toEqual(numbers);
  });
});
