import type { FastifyInstance, FastifyRequest } from "fastify";

import { HttpError } from "./errors.ts";

/** Says whether a request may pass: yes, no, or not without saying who asks. */
export type Authorize = (request: FastifyRequest) => Promise<"allowed" | "denied" | "challenge">;

const headers: readonly (readonly [string, string])[] = [
  [
    "content-security-policy",
    "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'self'",
  ],
  ["x-content-type-options", "nosniff"],
  ["referrer-policy", "no-referrer"],
];

/** Puts the headers that keep a browser strict on every answer which has not set them itself. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook("onSend", async (_request, reply) => {
    for (const [name, value] of headers) {
      if (!reply.hasHeader(name) && !reply.raw.hasHeader(name)) void reply.header(name, value);
    }
  });
}

/** Lets only those requests through, unknown paths included, that `authorize` allows. */
export function guard(app: FastifyInstance, authorize: Authorize): void {
  app.addHook("onRequest", async (request, reply) => {
    const verdict = await authorize(request);
    if (verdict === "allowed") return;
    if (verdict === "denied") throw new HttpError(403, "you may not ask for this");
    void reply.header("www-authenticate", 'Basic realm="Plimsoll", charset="UTF-8"');
    throw new HttpError(401, "say who you are");
  });
}
