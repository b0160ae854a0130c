import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { describeLater } from "../../../lib/http/late-routes.ts";
import type { Route } from "../route.ts";
import { takeAnyBody } from "./body.ts";
import type { RestAnswers } from "./rest-answers.ts";

/** cAdvisor looks at no method. */
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

function sendError(error: unknown, reply: FastifyReply): FastifyReply | undefined {
  const status =
    error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
      ? error.statusCode
      : undefined;
  if (status === undefined || !(error instanceof Error)) return undefined;
  return reply.code(status).type("text/plain; charset=utf-8").send(`${error.message}\n`);
}

/**
 * `/api/v1.0` to `/api/v2.1`: cAdvisor's REST API, for its clients. What answers costs some 10 MB of
 * memory, so it is loaded when somebody first asks.
 */
export const rest: Route = (app, view) => {
  describeLater(app, async () => (await import("./schemas.ts")).describeRest());
  void app.register(async (api: FastifyInstance) => {
    let answers: Promise<RestAnswers> | undefined;
    takeAnyBody(api);
    api.setErrorHandler((error, _request, reply) => {
      const sent = sendError(error, reply);
      // Not foreseen: the server's own way, which tells the log.
      if (sent === undefined) throw error;
      return sent;
    });
    api.addHook("preClose", async () => (await answers)?.close());
    const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      answers ??= import("./rest-answers.ts").then(({ RestAnswers: Made }) => new Made(view));
      return (await answers).answer(request, reply);
    };
    for (const url of ["/api", "/api/*"]) {
      api.route({ method: METHODS, url, schema: { hide: true }, handler });
    }
  });
};
