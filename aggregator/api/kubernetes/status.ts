import { STATUS_CODES } from "node:http";

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { HttpError } from "../../../lib/http/errors.ts";
import { type JsonSchema, number, object, text } from "../../../wire/json-schema.ts";

/** What an error is about. */
interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
}

/** An error that Kubernetes's clients understand. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: "Failure";
  readonly message: string;
  readonly reason: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** The schema of such an error. */
export const statusSchema: JsonSchema = {
  description: "What went wrong, as a Status.",
  content: {
    "application/json": {
      schema: object(
        {
          kind: text(undefined, { const: "Status" }),
          apiVersion: text(undefined, { const: "v1" }),
          metadata: object({}),
          status: text(undefined, { const: "Failure" }),
          message: text(),
          reason: text("One word: `NotFound`, `BadRequest` and so on."),
          details: object({ name: text(), group: text(), kind: text() }, ["name", "group", "kind"]),
          code: number("The answer's HTTP status."),
        },
        ["details"],
      ),
    },
  },
};

/** Kubernetes's words for HTTP's codes. */
const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
};

class StatusError extends HttpError {
  readonly details: StatusDetails | undefined;

  constructor(statusCode: number, message: string, details?: StatusDetails) {
    super(statusCode, message);
    this.name = "StatusError";
    this.details = details;
  }
}

/** A question that is wrong in itself. */
export function badRequest(message: string): Error {
  return new StatusError(400, message);
}

/** There is no such object. `group` is empty for the core one. */
export function notFound(kind: string, group: string, name: string): Error {
  const resource = group === "" ? kind : `${kind}.${group}`;
  const details = { name, ...(group === "" ? {} : { group }), kind };
  return new StatusError(404, `${resource} "${name}" not found`, details);
}

/** Something that this API never does. */
export function notAllowed(message: string): Error {
  return new StatusError(405, message);
}

/** Answers errors as a Status, in a scope of its own. */
export function answerAsStatus(scope: FastifyInstance): void {
  scope.setErrorHandler((error, request, reply) => sendStatus(error, request, reply));
}

/** The same for unknown paths and for what would change something; the scope must have a prefix. */
export function answerUnknownAsStatus(scope: FastifyInstance): void {
  // Before a body is read that nobody wants.
  scope.addHook("onRequest", async ({ method }, reply) => {
    if (method === "GET" || method === "HEAD") return;
    void reply.header("allow", "GET, HEAD");
    throw notAllowed(`nothing can be changed here: ${method} is not allowed`);
  });
  scope.setNotFoundHandler((request, reply) => {
    const missing = new StatusError(404, "the server could not find the requested resource");
    return sendStatus(missing, request, reply);
  });
}

function sendStatus(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const code = codeOf(error);
  const isTold = code < 500 || error instanceof HttpError;
  if (!isTold) {
    const route = request.routeOptions.url ?? request.url.split("?", 1)[0];
    request.log.error({ err: error, method: request.method, route }, "cannot answer a request");
  }
  const message =
    isTold && error instanceof Error
      ? error.message
      : "something went wrong here; the log of this program says what";
  const details = error instanceof StatusError ? error.details : undefined;
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: REASONS[code] ?? STATUS_CODES[code]?.replaceAll(" ", "") ?? "Unknown",
    ...(details === undefined ? {} : { details }),
    code,
  };
  return reply.code(code).type("application/json; charset=utf-8").send(JSON.stringify(status));
}

function codeOf(error: unknown): number {
  const given =
    typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : 500;
  return typeof given === "number" && given >= 400 && given <= 599 ? given : 500;
}
