import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { encodeLabels, encodeValue, type ExpositionFormat } from "../../wire/exposition/encode.ts";
import type { Sample } from "../../wire/exposition/parse-sample.ts";
import { ExpositionParser } from "../../wire/exposition/parse.ts";

interface Read {
  readonly samples: Sample[];
  readonly types: string[];
  readonly helps: string[];
  readonly malformed: string[];
}

function read(pieces: readonly string[], format: ExpositionFormat = "prometheus"): Read {
  const found: Read = { samples: [], types: [], helps: [], malformed: [] };
  const parser = new ExpositionParser(format, {
    sample: (sample) => found.samples.push(sample),
    type: (family, type) => found.types.push(`${family} ${type}`),
    help: (family, text) => found.helps.push(`${family} ${text}`),
    malformed: (line) => found.malformed.push(line),
  });
  for (const piece of pieces) parser.push(piece);
  parser.end();
  return found;
}

const one = (line: string, format?: ExpositionFormat): Sample | undefined =>
  read([`${line}\n`], format).samples[0];

const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
const sample = fc.record({
  name: fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/),
  labels: fc.uniqueArray(fc.tuple(labelName, fc.string({ unit: "binary" })), {
    selector: ([name]) => name,
    maxLength: 5,
  }),
  value: fc.oneof(fc.double(), fc.integer()),
});

type Written = typeof sample extends fc.Arbitrary<infer T> ? T : never;

function lineOf({ name, labels, value }: Written): string {
  const inBraces =
    labels.length === 0
      ? ""
      : `{${labels.map(([key, of]) => encodeLabels({ [key]: of })).join(",")}}`;
  return `${name}${inBraces} ${encodeValue(value)}\n`;
}

describe("a page", () => {
  it("is read as it was written, in whatever pieces it comes", () => {
    fc.assert(
      fc.property(fc.array(sample), fc.array(fc.nat(40)), (samples, sizes) => {
        const page = samples.map(lineOf).join("");
        const pieces: string[] = [];
        let from = 0;
        for (const size of sizes) pieces.push(page.slice(from, (from += size)));
        const { samples: found, malformed } = read([...pieces, page.slice(from)]);
        expect(malformed).toEqual([]);
        expect(found.map(({ value, ...rest }) => ({ ...rest, value: value + 0 }))).toEqual(
          samples.map(({ name, labels, value }) => ({ name, labels, value: value + 0 })),
        );
      }),
    );
  });

  it("that is cut or spoilt never gives a number that was not written, and never throws", () => {
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 5 }),
        fc.nat(400),
        fc.string({ unit: "binary", maxLength: 3 }),
        fc.constantFrom<ExpositionFormat>("prometheus", "openmetrics"),
        (samples, at, noise, format) => {
          const page = samples.map(lineOf).join("");
          const cut = page.slice(0, at);
          const whole = cut.slice(0, cut.lastIndexOf("\n") + 1);
          expect(read([cut], format).samples).toEqual(read([whole], format).samples);
          const spoilt = cut + noise + page.slice(at);
          const { samples: found, malformed } = read([spoilt], format);
          expect(found.length + malformed.length).toBeLessThanOrEqual(spoilt.split("\n").length);
        },
      ),
    );
  });

  it("that is nothing of the kind gives nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (noise) => {
        for (const format of ["prometheus", "openmetrics"] as const) {
          for (const { name } of read([noise], format).samples) {
            expect(name).toMatch(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/);
          }
        }
      }),
    );
    const { samples, malformed } = read(["<html>\n<b>no</b>\n"]);
    expect([samples, malformed.length]).toEqual([[], 2]);
  });

  it("is read in linear time, whatever is in it", () => {
    const many = Array.from({ length: 60_000 }, (_, index) => `a${index}="b"`).join(",");
    expect(one(`m{${many}} 1`)?.labels.length).toBe(60_000);
    const value = String.raw`\\`.repeat(250_000);
    expect(one(`m{a="${value}"} 1`)?.labels[0]?.[1].length).toBe(250_000);
    for (const long of ["1".repeat(500_000), " ".repeat(500_000), "\t#".repeat(250_000)]) {
      expect(one(`m ${long}x`)).toBeUndefined();
    }
    const { samples, malformed } = read([
      'm{a="',
      "x".repeat(1 << 20),
      "y".repeat(10),
      '"} 1\nn 2\n',
    ]);
    expect(samples.map(({ name }) => name)).toEqual(["n"]);
    expect(malformed.length).toBe(1);
  });
});

describe("a sample", () => {
  it("may have blanks wherever the format allows them", () => {
    const expected = {
      name: "m",
      labels: [
        ["a", "b"],
        ["c", ""],
      ],
      value: 3,
      timestamp: 1500,
    };
    expect(one('m{a="b",c=""} 3 1500')).toEqual(expected);
    expect(one('  m\t{ a = "b" ,\tc = "" , } 3.0e0   1500 ')).toEqual(expected);
    expect(one('m{a="b",c=""}3 1500')).toEqual(expected);
    expect(one("m{} 1")).toEqual({ name: "m", labels: [], value: 1 });
  });

  it.each([
    ["+Inf", Number.POSITIVE_INFINITY],
    ["-inf", Number.NEGATIVE_INFINITY],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["NaN", Number.NaN],
    [".5", 0.5],
    ["5.", 5],
    ["-1.5e-3", -0.0015],
    ["+7", 7],
  ])("has the value %s", (text, value) => {
    expect(one(`m ${text}`)?.value).toBe(value);
  });

  it.each([
    "m",
    "m 1 2 3",
    "m 1e999",
    "m 0x10",
    "m 1_000",
    "m 1,5",
    "m 12a",
    "m --1",
    "m 1 1.5",
    "m1.5",
    "9m 1",
    "m-a 1",
    'm{a="b" 1',
    'm{a="b} 1',
    "m{a=b} 1",
    'm{a="b"c="d"} 1',
    'm{a="b",a="c"} 1',
    'm{,a="b"} 1',
    String.raw`m{a="\x"} 1`,
    'm{"utf8"} 1',
    'm{a="b"} {c="d"} 1',
    'm 1 # {a="b"} 1',
  ])("is none that reads %s", (line) => {
    const { samples, malformed } = read([`${line}\n`]);
    expect(samples).toEqual([]);
    expect(malformed).toEqual([line]);
  });
});

describe("OpenMetrics", () => {
  it("has seconds, exemplars, units and an end", () => {
    const page = `# TYPE m counter
# UNIT m seconds
# HELP m says \\"what\\"\\nit is \\\\
m_total{a="b"} 3 1.5 # {trace_id="x"} 0.5 1.25
m_created 1
# EOF
m_total 4
`;
    const { samples, types, helps, malformed } = read([page], "openmetrics");
    expect(samples).toEqual([
      { name: "m_total", labels: [["a", "b"]], value: 3, timestamp: 1500 },
      { name: "m_created", labels: [], value: 1 },
    ]);
    expect([types, helps, malformed]).toEqual([["m counter"], ['m says "what"\nit is \\'], []]);
    expect(one('m 1 # {a="b"} 1', "openmetrics")?.value).toBe(1);
    expect(one('m 1 # {a="b"}', "openmetrics")).toBeUndefined();
    expect(read(["m 1\n# EOF"], "openmetrics").malformed).toEqual([]);
  });
});

describe("comments", () => {
  it("tell types and help, or nothing", () => {
    const page = `# TYPE a untyped
#   TYPE\tb   histogram
# TYPE c whatever
#TYPE d gauge
# HELP a
# HELP e one \\"two\\"\\n
# EOF
# anything else
a 1
`;
    const { samples, types, helps, malformed } = read([page]);
    expect(types).toEqual(["a unknown", "b histogram"]);
    expect(helps).toEqual(["a ", 'e one \\"two\\"\n']);
    expect(malformed).toEqual(["# TYPE c whatever"]);
    expect(samples.length).toBe(1);
  });
});
