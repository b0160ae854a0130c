import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import fastify from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from "fastify";

import { isRecord } from "../record.ts";
import { answerErrors } from "./errors.ts";
import { loadLateRoutes } from "./late-routes.ts";
import type { RouteList } from "./routes.ts";
import { addSecurityHeaders } from "./security.ts";

/** What the OpenAPI document says of a program besides its routes. */
export interface ApiInfo {
  readonly title: string;
  readonly description: string;
  readonly version: string;
}

// Swagger UI draws with inline styles and images, and with nothing from elsewhere.
const pagePolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'self'";

// The bar at the top shows the framework's name and no more.
const pageStyle = ".swagger-ui .topbar { display: none; }\n";

/**
 * Adds `/openapi.json` and the page `/docs`. What makes them costs some 7 MB of memory, so it is
 * loaded when somebody first asks: a second server, which listens nowhere, then learns all routes of
 * the first, and requests for the documentation are handed on to it.
 */
export function addDocs(app: FastifyInstance, routes: RouteList, info: ApiInfo): void {
  let docs: Promise<FastifyInstance> | undefined;
  const handOn = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    docs ??= buildDocs(app, routes, info);
    const server = await docs;
    void reply.hijack();
    server.routing(request.raw, reply.raw);
    return reply;
  };
  for (const url of ["/openapi.json", "/docs", "/docs/*"]) {
    app.get(url, { schema: { hide: true } }, handOn);
  }
  app.addHook("onClose", async () => {
    await (await docs)?.close();
  });
}

async function buildDocs(
  app: FastifyInstance,
  routes: RouteList,
  info: ApiInfo,
): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import("@fastify/swagger"),
    import("@fastify/swagger-ui"),
  ]);
  const docs = fastify({ exposeHeadRoutes: true });
  // The routes are only read here, never run, so that there is nothing to compile.
  docs.setValidatorCompiler(() => () => true);
  docs.setSerializerCompiler(() => JSON.stringify);
  addSecurityHeaders(docs);
  answerErrors(docs, routes);
  for (const schema of Object.values(app.getSchemas())) docs.addSchema(schema);
  const document: FastifyDynamicSwaggerOptions = {
    openapi: { openapi: "3.1.0", info },
    transform: ({ schema, url }) => nameWildcard(schema, url),
  };
  await docs.register(swagger, document);
  for (const { methods, url, schema } of routes.all) {
    if (methods.includes("HEAD") || schema?.hide === true) continue;
    docs.route({ method: [...methods], url, ...(schema && { schema }), handler: () => undefined });
  }
  for (const { schemas, routes: late } of await loadLateRoutes(app)) {
    for (const schema of schemas) docs.addSchema(schema);
    for (const route of late) docs.route({ ...route, handler: () => undefined });
  }
  docs.get("/openapi.json", { schema: { hide: true } }, async () => docs.swagger());
  await docs.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: pagePolicy,
    theme: { title: info.title, css: [{ filename: "page.css", content: pageStyle }] },
  });
  await docs.ready();
  return docs;
}

/**
 * OpenAPI has no wildcards: the rest of a path becomes a parameter, named by its schema's `title`, or
 * `path` where there is none.
 */
function nameWildcard(schema: FastifySchema, url: string): { schema: FastifySchema; url: string } {
  if (!url.endsWith("/*")) return { schema, url };
  const params = isRecord(schema?.params) ? schema.params : {};
  const properties = isRecord(params["properties"]) ? params["properties"] : {};
  const { "*": wildcard, ...others } = properties;
  const rest = isRecord(wildcard) ? wildcard : { type: "string" };
  const name = typeof rest["title"] === "string" ? rest["title"] : "path";
  return {
    schema: {
      ...schema,
      params: {
        type: "object",
        properties: { ...others, [name]: rest },
        required: [...Object.keys(others), name],
      },
    },
    url: `${url.slice(0, -1)}:${name}`,
  };
}
