import { expect, it } from "vitest";

import { validationError } from "../../../lib/http/validation.ts";

type SchemaError = Parameters<typeof validationError>[0][number];

function message(error: Partial<SchemaError>, context = "querystring"): string {
  const whole = { keyword: "", instancePath: "/q", schemaPath: "", params: {}, ...error };
  return validationError([whole], context).message;
}

it.each([
  ["maxLength", 1000, "must have at most 1000 characters"],
  ["maxLength", 1, "must have at most 1 character"],
  ["minLength", 2, "must have at least 2 characters"],
  ["minLength", 1, "must not be empty"],
  ["maxItems", 20, "must have at most 20 values"],
  ["minItems", 1, "must have at least 1 value"],
])("says %s %d in plain words", (keyword, limit, words) => {
  expect(message({ keyword, params: { limit } })).toBe(`query parameter "q" ${words}`);
});

it("tells a parameter given twice from one of the wrong type", () => {
  const wrong = { keyword: "type", params: { type: "string" }, message: "must be string" };
  expect(message({ ...wrong, data: ["a", "b"] })).toContain("must be given only once");
  expect(message({ ...wrong, data: 5 })).toContain("must be string");
  expect(message({ ...wrong, data: ["a", "b"] }, "body")).toContain("must be string");
});
