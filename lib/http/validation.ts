import type { FastifyInstance } from "fastify";
import type { FastifySchemaValidationError } from "fastify/types/schema.js";

import { nearest } from "../nearest.ts";
import { isRecord } from "../record.ts";
import { HttpError } from "./errors.ts";

/**
 * How ajv treats requests: texts of a query become the numbers and lists that the schema wants, and
 * what no schema knows is refused rather than silently dropped.
 */
export const ajvOptions: Readonly<Record<string, unknown>> = {
  coerceTypes: "array",
  useDefaults: true,
  removeAdditional: false,
  allErrors: false,
  // Gives an error its schema, and thereby the names that are known.
  verbose: true,
};

const places: Readonly<Record<string, string>> = {
  querystring: "query parameter",
  params: "path parameter",
  headers: "header",
  body: "body property",
};

interface SchemaError extends FastifySchemaValidationError {
  readonly parentSchema?: { readonly properties?: object };
  /** The value that does not fit; ajv's `verbose` adds it. */
  readonly data?: unknown;
}

/** The 400 for a request that does not fit its schema; the message names the parameter. */
export function validationError(errors: readonly SchemaError[], context: string): HttpError {
  // For a choice of several schemas ajv lists what each of them missed, and the choice itself last.
  const error = errors.at(-1);
  const place = places[context] ?? context;
  if (error === undefined) return new HttpError(400, `the ${place} is not valid`);
  const allowed = allowedValues(errors);
  if (allowed.length > 0) {
    return new HttpError(
      400,
      `${named(place, pathOf(error))} must be one of ${allowed.join(", ")}`,
    );
  }
  const { additionalProperty, missingProperty } = error.params;
  if (typeof additionalProperty === "string") {
    const known = Object.keys(error.parentSchema?.properties ?? {});
    return new HttpError(400, unknownMessage(place, additionalProperty, known));
  }
  if (typeof missingProperty === "string") {
    return new HttpError(400, `${named(place, missingProperty)} is missing`);
  }
  return new HttpError(400, `${named(place, pathOf(error))} ${complaintOf(error, context)}`);
}

/**
 * Refuses `limit=Infinity` and `limit=1e999`, which ajv takes for numbers and then lets pass every
 * maximum.
 */
export function refuseEndlessNumbers(app: FastifyInstance): void {
  app.addHook("preHandler", async ({ query, params }) => {
    refuseEndless(query, places["querystring"]);
    refuseEndless(params, places["params"]);
  });
}

function refuseEndless(values: unknown, place = ""): void {
  if (!isRecord(values)) return;
  for (const [name, value] of Object.entries(values)) {
    if ([value].flat().includes(Infinity) || [value].flat().includes(-Infinity)) {
      throw new HttpError(400, `${named(place, name)} must be a finite number`);
    }
  }
}

function complaintOf({ keyword, params, data, message }: SchemaError, context: string): string {
  // Of a query only: a body's list was meant to be one.
  const repeated = context === "querystring" && Array.isArray(data);
  if (repeated && keyword === "type" && params["type"] !== "array") {
    return "must be given only once";
  }
  const { limit } = params;
  if (keyword === "minLength" && limit === 1) return "must not be empty";
  const unit = keyword.endsWith("Length") ? "character" : "value";
  const count = `${String(limit)} ${unit}${limit === 1 ? "" : "s"}`;
  if (keyword === "maxLength" || keyword === "maxItems") return `must have at most ${count}`;
  if (keyword === "minLength" || keyword === "minItems") return `must have at least ${count}`;
  return message ?? "is not valid";
}

function allowedValues(errors: readonly SchemaError[]): string[] {
  return errors.flatMap(({ keyword, params }) => {
    if (keyword === "const") return [String(params["allowedValue"])];
    return keyword === "enum" && Array.isArray(params["allowedValues"])
      ? params["allowedValues"].map(String)
      : [];
  });
}

function pathOf(error: SchemaError): string {
  // `/label/0` is the first of several `label=…`, which to the client is just `label`.
  return error.instancePath
    .slice(1)
    .replace(/\/\d+$/u, "")
    .replaceAll("/", ".");
}

function named(place: string, name: string): string {
  return name === "" ? `the ${place.split(" ", 1)[0]}` : `${place} ${JSON.stringify(name)}`;
}

function unknownMessage(place: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near !== undefined) return `${named(place, name)} is unknown; did you mean "${near}"?`;
  const hint = known.length === 0 ? "none is taken here" : `known are ${known.join(", ")}`;
  return `${named(place, name)} is unknown; ${hint}`;
}
