import { describe, expect, test } from "vitest";

import { Fields } from "../../../lib/config/fields.ts";
import { Unfit } from "../../../lib/config/option.ts";

const SECRET = "hunter2";

const of = (value: unknown): Fields => new Fields(value, "[1].auth");

/** The complaint of a reading. */
function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof Unfit) return error.message;
    throw error;
  }
  return "";
}

describe("a field", () => {
  test("is read as what it is", () => {
    const fields = of({
      text: "x",
      number: "007",
      yes: true,
      word: "b",
      count: 3,
      written: "12",
      time: "1m30s",
      size: "2KiB",
      list: ["a", 1],
      map: { a: "1", b: false },
      inner: { a: 1 },
      inners: [{ a: 1 }, null],
    });
    expect(fields.text("text")).toBe("x");
    expect(fields.text("number")).toBe("007");
    expect(fields.flag("yes", false)).toBe(true);
    expect(fields.choice("word", ["a", "b"])).toBe("b");
    expect(fields.integer("count", { min: 3, max: 3 })).toBe(3);
    expect(fields.integer("written", { min: 0, max: 99 })).toBe(12);
    expect(fields.duration("time")).toBe(90_000);
    expect(fields.bytes("size")).toBe(2048);
    expect(fields.texts("list")).toEqual(["a", "1"]);
    expect(fields.textMap("map")).toEqual({ a: "1", b: "false" });
    expect(fields.object("inner")?.path).toBe("[1].auth.inner");
    expect(fields.objects("inners").map(({ path }) => path)).toEqual([
      "[1].auth.inners[0]",
      "[1].auth.inners[1]",
    ]);
    fields.end();
  });

  test("that is left out or empty is its fallback", () => {
    for (const fields of [of({}), of(null), of({ a: null })]) {
      expect(fields.has("a")).toBe(false);
      expect(fields.text("a")).toBeUndefined();
      expect(fields.text("a", "x")).toBe("x");
      expect(fields.integer("a", { min: 1, max: 2 }, 0)).toBe(0);
      expect(fields.texts("a")).toEqual([]);
      expect(fields.textMap("a")).toEqual({});
      expect(fields.object("a")).toBeUndefined();
      expect(fields.objects("a")).toEqual([]);
    }
  });

  test("is none of what every object has", () => {
    const fields = of({});
    expect(fields.has("constructor")).toBe(false);
    expect(fields.text("toString")).toBeUndefined();
  });

  test.for<[(fields: Fields) => unknown, unknown, string]>([
    [(f) => f.text("a"), [SECRET], "must be a single value"],
    [(f) => f.needed("a"), "", "is missing"],
    [(f) => f.choice("a", ["x", "y"]), SECRET, "must be one of x, y"],
    [(f) => f.flag("a", false), SECRET, "must be true or false"],
    [(f) => f.integer("a", { min: 1, max: 5 }), 6, "must be a whole number from 1 to 5"],
    [(f) => f.integer("a", { min: 0, max: 5 }), "", "must be a whole number from 0 to 5"],
    [(f) => f.integer("a", { min: 0, max: 5 }), "0x1", "must be a whole number from 0 to 5"],
    [(f) => f.integer("a", { min: 1, max: 5 }), SECRET, "must be a whole number from 1 to 5"],
    [(f) => f.duration("a"), SECRET, "must be a duration such as 30s or 1h30m"],
    [(f) => f.bytes("a"), SECRET, "must be a size such as 512MiB or 4096"],
    [(f) => f.texts("a"), SECRET, "must be a list"],
    [(f) => f.texts("a"), [[SECRET]], "must be a list of texts"],
    [(f) => f.textMap("a"), [SECRET], "must be NAME: VALUE lines"],
    [(f) => f.textMap("a"), { b: [SECRET] }, "must have a text at b"],
    [(f) => f.object("a"), SECRET, "must be NAME: VALUE lines"],
    [(f) => f.objects("a"), SECRET, "must be a list"],
  ])("%s of %j", ([read, value, problem]) => {
    expect(complaint(() => read(of({ a: value })))).toBe(`[1].auth.a ${problem}`);
  });

  test("that nobody reads is unknown", () => {
    const fields = of({ pasword: SECRET });
    fields.text("password");
    expect(complaint(() => fields.end())).toBe(
      "[1].auth.pasword is unknown; did you mean password?",
    );
    expect(complaint(() => of({ q: SECRET }).end())).toBe("[1].auth.q is unknown");
  });
});

test("what is no object is refused", () => {
  expect(complaint(() => of(SECRET))).toBe("[1].auth must be NAME: VALUE lines");
  expect(complaint(() => new Fields([SECRET], ""))).toBe("must be NAME: VALUE lines");
});
