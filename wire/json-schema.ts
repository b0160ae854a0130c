/**
 * JSON schemas as plain objects. A schema library would cost the agent 7 MB and 0.1 s at each start
 * for what are a few literals: see docs/decisions/0004-plain-schemas.md.
 */

/** A JSON schema. https://json-schema.org/draft-07 */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Properties by name. */
export type Properties = Readonly<Record<string, JsonSchema>>;

/** A string. */
export function text(description?: string, more: JsonSchema = {}): JsonSchema {
  return { type: "string", ...(description === undefined ? {} : { description }), ...more };
}

/** A number. */
export function number(description?: string): JsonSchema {
  return { type: "number", ...(description === undefined ? {} : { description }) };
}

/** A date and time as RFC 3339 has it. */
export const time: JsonSchema = { type: "string", format: "date-time" };

/** Something, or null. */
export function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] };
}

/** A list. */
export function list(items: JsonSchema, more: JsonSchema = {}): JsonSchema {
  return { type: "array", items, ...more };
}

/** An object whose keys are not known beforehand. */
export function record(values: JsonSchema, more: JsonSchema = {}): JsonSchema {
  return { type: "object", additionalProperties: values, ...more };
}

/** An object; all of its properties are there but those that are named as optional. */
export function object(
  properties: Properties,
  optional: readonly string[] = [],
  more: JsonSchema = {},
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", required, properties, ...more };
}

/** The query of a route: every parameter may be left out, and no other is taken. */
export function query(properties: Properties): JsonSchema {
  return { type: "object", properties, additionalProperties: false };
}

/** An answer in one of several forms, by media type. */
export function answer(description: string, forms: Properties): JsonSchema {
  const content: Record<string, JsonSchema> = {};
  for (const [type, schema] of Object.entries(forms)) content[type] = { schema };
  return { description, content };
}
