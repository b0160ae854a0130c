import { access } from "node:fs/promises";
import { join } from "node:path";

import fastifyStatic from "@fastify/static";

import type { Route } from "./route.ts";

const NOT_BUILT = `The page has not been built. Run "npm run build" and start the aggregator again.\n`;

/** `GET /`: the cluster's page and its files. */
export const page: Route = async (app, { pageDirectory }) => {
  const built = await access(join(pageDirectory, "index.html")).then(
    () => true,
    () => false,
  );
  if (!built) {
    app.get("/", { schema: { hide: true } }, (_, reply) =>
      reply.code(503).type("text/plain; charset=utf-8").send(NOT_BUILT),
    );
    return;
  }
  await app.register(fastifyStatic, {
    root: pageDirectory,
    // Routes are made for the files that are there; anything else is a 404 like any other.
    wildcard: false,
    schemaHide: true,
  });
};
