import { fastify, type FastifyInstance } from "fastify";

/** A parameter of a route. */
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly example?: unknown;
  readonly examples?: unknown;
}

type Schema = Readonly<Record<string, unknown>>;

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

/** One route of a document. */
export interface Documented {
  /** `/stats/{container}`. */
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
  /** What the schemas of the document refer to. */
  readonly components: Schema;
}

/** What a server has answered. */
export interface Given {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, number | string | string[] | undefined>>;
  readonly body: string;
}

/** The routes of a server's OpenAPI document. */
export async function documentedRoutes(app: FastifyInstance): Promise<Documented[]> {
  const document = (await app.inject("/openapi.json")).json<{
    paths: Record<string, Record<string, Operation>>;
    components: Schema;
  }>();
  const { components } = document;
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method,
      operation,
      components,
    })),
  );
}

/** What a document says no word about does not count as allowed. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  );
  const isOpen = "properties" in inner && !("additionalProperties" in inner);
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}

const judges = fastify({
  ajv: {
    customOptions: {
      coerceTypes: false,
      removeAdditional: false,
      useDefaults: false,
      strict: false,
    },
  },
});
// Without a route that checks something there is no judge.
judges.get("/", { schema: { querystring: { type: "object" } } }, () => "");
await judges.ready();

/** ajv's: true, or false with the reasons on the function. */
type Judge = ((value: unknown) => unknown) & { readonly errors?: unknown };

const known = new WeakMap<Schema, Judge>();

function judgeOf(schema: Schema, components: Schema = {}): Judge {
  let judge = known.get(schema);
  if (judge === undefined) {
    judge = judges.validatorCompiler!({
      schema: closed({ ...schema, components }),
      method: "GET",
      url: "/",
      httpPart: "body",
    }) as Judge;
    known.set(schema, judge);
  }
  return judge;
}

function complaint(judge: Judge, value: unknown): string | undefined {
  return judge(value) === true ? undefined : JSON.stringify(judge.errors);
}

/** What is wrong with an answer of a route by its document; undefined if nothing is. */
export function faultOf({ operation, components }: Documented, given: Given): string | undefined {
  const { statusCode, headers, body } = given;
  const range = `${String(statusCode)[0]}XX`;
  const response = operation.responses[String(statusCode)] ?? operation.responses[range];
  if (response === undefined) return `the status ${statusCode} is not in the document: ${body}`;
  const type = headers["content-type"]?.toString().split(";")[0] ?? "";
  if (response.content === undefined) return body === "" ? undefined : "a body is not expected";
  const media = response.content[type];
  if (media === undefined) return `the type ${type} is not in the document`;
  if (media.schema === undefined) return `nothing is said of ${type}`;
  const judge = judgeOf(media.schema, components);
  return complaint(judge, type === "application/json" ? JSON.parse(body) : body);
}

/** Checks a value against a schema by which nothing is allowed that it has no word about. */
export function faultIn(schema: Schema, value: unknown): string | undefined {
  return complaint(judgeOf(schema), value);
}
