import { describe, expect, it } from "vitest";

import {
  address,
  bytes,
  choice,
  duration,
  flag,
  integer,
  list,
  number,
  structured,
  text,
} from "../../../lib/config/builders.ts";
import { Unfit } from "../../../lib/config/option.ts";
import type { Option } from "../../../lib/config/option.ts";

const help = "x";

function refuses(option: Option<unknown>, raw: unknown, remedy: string): void {
  expect(() => option.parse(raw)).toThrow(Unfit);
  expect(() => option.parse(raw)).toThrow(remedy);
}

describe("number and integer", () => {
  it("take numbers within their bounds", () => {
    expect(number({ help, min: 0, max: 1 }).parse("0.25")).toBe(0.25);
    expect(number({ help }).parse("-1e-3")).toBe(-0.001);
    expect(integer({ help }).parse("42")).toBe(42);
  });

  it.each(["", " ", "abc", "0x10", "1_000", "NaN", "Infinity", "1e999", "5s"])(
    "refuse %j",
    (raw) => {
      refuses(number({ help, min: 0, max: 9 }), raw, "must be a number from 0 to 9");
    },
  );

  it("refuse what is out of bounds or no whole number", () => {
    refuses(integer({ help, min: 1, max: 60 }), "61", "must be a whole number from 1 to 60");
    refuses(integer({ help, min: 1 }), "0", "of at least 1");
    refuses(integer({ help, max: 1 }), "2", "of at most 1");
    refuses(integer({ help }), "1.5", "must be a whole number");
    refuses(integer({ help }), "90071992547409930", "must be a whole number");
  });
});

describe("duration and bytes", () => {
  it("give seconds and bytes", () => {
    expect(duration({ help }).parse("1m30s")).toBe(90);
    expect(bytes({ help }).parse("1GiB")).toBe(1_073_741_824);
  });

  it("refuse what has no unit or is out of bounds", () => {
    refuses(duration({ help }), "30", "must be a duration such as 30s");
    refuses(duration({ help, min: 1 }), "100ms", "of at least 1s");
    refuses(duration({ help, min: 600 }), "1m", "of at least 10m");
    refuses(bytes({ help, max: 1000 }), "1MB", "of at most 1000");
  });
});

describe("choice", () => {
  it("takes one of its words only", () => {
    const kind = choice({ help, values: ["duckdb", "none"], default: "none" });
    expect(kind.parse("duckdb")).toBe("duckdb");
    refuses(kind, "sqlite", "must be one of duckdb, none");
    expect(kind.placeholder).toBe("duckdb|none");
  });
});

describe("list", () => {
  it("splits texts and takes lists", () => {
    expect(list({ help }).parse("a, b,,c")).toEqual(["a", "b", "c"]);
    expect(list({ help }).parse(["a,b", "c"])).toEqual(["a", "b", "c"]);
    expect(list({ help, separator: ";" }).parse("a,b;c")).toEqual(["a,b", "c"]);
    expect(list({ help }).parse("")).toEqual([]);
  });

  it("refuses what holds more than texts", () => {
    refuses(list({ help }), [{ a: 1 }], "must be a single value");
  });
});

describe("flag", () => {
  it.each(["true", "yes", "on", "1", "T"])("takes %s for yes", (raw) => {
    expect(flag({ help }).parse(raw)).toBe(true);
  });
  it.each(["false", "no", "off", "0", "F"])("takes %s for no", (raw) => {
    expect(flag({ help }).parse(raw)).toBe(false);
  });
  it("is false by default and refuses the rest", () => {
    expect(flag({ help }).default).toBe(false);
    refuses(flag({ help }), "maybe", "must be true or false");
  });
});

describe("address", () => {
  it("keeps a good one as text and refuses others", () => {
    expect(address({ help }).parse("[::1]:8180")).toBe("[::1]:8180");
    refuses(address({ help }), "8180", "must be HOST:PORT; write for example 127.0.0.1:8180");
  });
});

describe("text and structured", () => {
  it("ask their own check too", () => {
    const name = text({ help, check: (value) => (value === "" ? "must not be empty" : undefined) });
    expect(name.parse("a")).toBe("a");
    refuses(name, "", "must not be empty");
    refuses(name, ["a"], "must be a single value");
  });

  it("leave a rich value to its own parse", () => {
    const jobs = structured<number>({
      help,
      default: 0,
      parse: (raw) => {
        if (!Array.isArray(raw)) throw new Unfit("must be a list");
        return raw.length;
      },
    });
    expect(jobs.parse([1, 2])).toBe(2);
    refuses(jobs, {}, "must be a list");
  });
});

it("show their defaults as one writes them", () => {
  expect(duration({ help, default: 60 }).defaultText).toBe("1m");
  expect(list({ help, default: ["a", "b"] }).defaultText).toBe("a,b");
  expect(text({ help }).defaultText).toBe("");
  expect(text({ help }).default).toBeUndefined();
});

it("show their bounds", () => {
  expect(integer({ help, min: 1, max: 60 }).range).toBe("from 1 to 60");
  expect(duration({ help, min: 600 }).range).toBe("at least 10m");
  expect(number({ help, max: 1 }).range).toBe("at most 1");
  expect(bytes({ help }).range).toBe("");
});
