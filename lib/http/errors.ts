import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import type { RouteList } from "./routes.ts";

/** The body of every answer that is an error. */
interface ErrorBody {
  readonly statusCode: number;
  readonly error: string;
  readonly message: string;
}

/** Thrown in a route: the answer's status code, and a message that the client may read. */
export class HttpError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HttpError";
    this.statusCode = statusCode;
  }
}

/** The one shape of an error's body. */
function errorBody(statusCode: number, message: string): ErrorBody {
  return { statusCode, error: STATUS_CODES[statusCode] ?? "Error", message };
}

/** Makes a server answer errors, unknown paths and wrong methods in the one shape. */
export function answerErrors(app: FastifyInstance, routes: RouteList): void {
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const allowed = routes.methodsOf(path);
    if (allowed.length === 0 || allowed.includes(request.method)) {
      return send(reply, 404, `there is nothing at ${path}`);
    }
    void reply.header("allow", allowed.join(", "));
    return send(reply, 405, `${path} does not take ${request.method}; use ${allowed.join(", ")}`);
  });
}

/** Answers one request with an error; what is not the client's doing is logged and not told. */
export function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const statusCode = statusOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (statusCode < 500 || error instanceof HttpError) return send(reply, statusCode, message);
  const route = request.routeOptions.url ?? request.url.split("?", 1)[0];
  request.log.error({ err: error, method: request.method, route }, "cannot answer a request");
  return send(reply, statusCode, "something went wrong here; the log of this program says what");
}

/** Answers what is not even HTTP, as far as the connection still can be written to. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const body = clientErrorBody(error.code);
  const text = JSON.stringify(body);
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${body.statusCode} ${body.error}\r\nconnection: close\r\n` +
        `content-type: application/json; charset=utf-8\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
    );
  }
  socket.destroySoon();
}

function clientErrorBody(code: string | undefined): ErrorBody {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return errorBody(408, "the request took too long");
  if (code === "HPE_HEADER_OVERFLOW") return errorBody(431, "the headers are too large");
  return errorBody(400, "this is not an HTTP request");
}

function statusOf(error: unknown): number {
  const given =
    typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : 500;
  return typeof given === "number" && given >= 400 && given <= 599 ? given : 500;
}

function send(reply: FastifyReply, statusCode: number, message: string): FastifyReply {
  // A route may have set the type of the answer that it then could not give.
  void reply.removeHeader("content-length");
  return reply
    .code(statusCode)
    .type("application/json; charset=utf-8")
    .serializer(JSON.stringify)
    .send(errorBody(statusCode, message));
}
