import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { HttpError } from "./errors.ts";

/** What a request that may not pass is told. */
export interface Refusal {
  readonly statusCode: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** Whether a request may pass: yes, no, not without saying who asks, or no in words of its own. */
export type Verdict = "allowed" | "denied" | "challenge" | Refusal;

/** Says whether a request may pass; one that it throws for may not. */
export type Authorize = (request: FastifyRequest) => Promise<Verdict>;

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

/** Puts these headers on every answer, those of a refusal too; what a route sets itself stays. */
export function addAnswerHeaders(
  app: FastifyInstance,
  headersOf: () => Readonly<Record<string, string>>,
): void {
  app.addHook("onRequest", async (_request, reply) => {
    // On the bare answer, so that they are there for whoever writes to it directly.
    for (const [name, value] of Object.entries(headersOf())) reply.raw.setHeader(name, value);
  });
}

const CHALLENGE: Refusal = {
  statusCode: 401,
  message: "say who you are",
  headers: { "www-authenticate": 'Basic realm="Plimsoll", charset="UTF-8"' },
};

/** Lets only those requests through, unknown paths included, that `authorize` allows. */
export function guard(app: FastifyInstance, authorize: Authorize): void {
  app.addHook("onRequest", async (request, reply) => check(authorize, request, reply));
}

/** Throws an HttpError if a request may not pass. */
export async function check(
  authorize: Authorize,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const verdict = await authorize(request);
  if (verdict === "allowed") return;
  if (verdict === "denied") throw new HttpError(403, "you may not ask for this");
  const refusal = verdict === "challenge" ? CHALLENGE : verdict;
  void reply.headers({ ...refusal.headers });
  throw new HttpError(refusal.statusCode, refusal.message);
}
