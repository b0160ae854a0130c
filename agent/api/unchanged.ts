import type { FastifyReply, FastifyRequest } from "fastify";

import { acceptsGzip } from "../../lib/http/accept.ts";
import { isNamedIn } from "../../lib/http/entity-tag.ts";
import type { AgentView } from "./route.ts";

/**
 * Marks an answer with the pass that it is of, so that who asks again within the second need not be
 * told again; says whether the request comes from such a one. https://www.rfc-editor.org/rfc/rfc9110#name-etag
 */
export function isUnchanged(
  view: AgentView,
  request: FastifyRequest,
  reply: FastifyReply,
  question: string,
): boolean {
  const form = acceptsGzip(request.headers["accept-encoding"]) ? "zipped" : "plain";
  // Weak: as gzip it has other bytes.
  const tag = `W/"${view.run}-${view.answers.tickOf(question, form)}"`;
  void reply.header("etag", tag).header("cache-control", "no-cache");
  void reply.header("vary", "accept, accept-encoding");
  return isNamedIn(request.headers["if-none-match"], tag);
}
