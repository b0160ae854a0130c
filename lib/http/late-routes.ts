import type { FastifyInstance, FastifySchema } from "fastify";

/** A route as the OpenAPI document has it. */
export interface LateRoute {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly schema: FastifySchema;
}

/** Routes that are answered by a wildcard, and are described only when somebody asks for the document. */
export interface LateRoutes {
  /** Schemas that the routes refer to by `$id`. */
  readonly schemas: readonly object[];
  readonly routes: readonly LateRoute[];
}

type Load = () => Promise<LateRoutes>;

const described = new WeakMap<FastifyInstance, Load[]>();

/** Has routes described as late as that; their descriptions cost memory. */
export function describeLater(app: FastifyInstance, load: Load): void {
  described.set(app, [...(described.get(app) ?? []), load]);
}

/** All that is to be described late. */
export function loadLateRoutes(app: FastifyInstance): Promise<readonly LateRoutes[]> {
  return Promise.all((described.get(app) ?? []).map((load) => load()));
}
