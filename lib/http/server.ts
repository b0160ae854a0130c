import http from "node:http";
import type { RequestListener, Server } from "node:http";

import fastify from "fastify";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { formatAddress, isLoopback, parseAddress } from "../config/address.ts";
import type { Address } from "../config/address.ts";
import { codeOf, ConfigError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { limitConnections } from "./connection-limit.ts";
import { addDocs } from "./docs.ts";
import { answerClientError, answerError, answerErrors } from "./errors.ts";
import { addHealthRoutes } from "./health.ts";
import type { Readiness } from "./health.ts";
import { listRoutes } from "./routes.ts";
import { createSecureServer, type ServerTls } from "./secure-server.ts";
import { addAnswerHeaders, addSecurityHeaders, check, guard } from "./security.ts";
import type { Authorize } from "./security.ts";
import { keepUnderWay } from "./under-way.ts";
import { ajvOptions, refuseEndlessNumbers, validationError } from "./validation.ts";

/** What a program's HTTP server is made of. */
export interface HttpServerOptions {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly logger: Logger;
  /** Serve HTTPS. */
  readonly tls?: ServerTls;
  /** Says whether a request may pass; the place where authentication goes. Everybody may if left out. */
  readonly authorize?: Authorize;
  /** Whether `authorize` keeps anybody out now; it does if left out. */
  readonly isGuarded?: () => boolean;
  /** What every answer has in its head besides. */
  readonly answerHeaders?: () => Readonly<Record<string, string>>;
  /** What `/-/ready` answers; always ready if left out. */
  readonly ready?: () => Readiness | Promise<Readiness>;
  /** What a proxy may put before every path; the paths are known without it, too. */
  readonly basePath?: string;
  readonly bodyLimitBytes?: number;
  /** How long a client may take to send its headers. */
  readonly headersTimeoutMs?: number;
  /** How long a client may take to send a whole request. */
  readonly requestTimeoutMs?: number;
  /** How long a connection may stand still in the middle of an answer; a stream must send something. */
  readonly idleTimeoutMs?: number;
}

/** Longer than a scraper's usual minute, so that its connection is still there the next time. */
const keepAliveMs = 75_000;
const closeGraceMs = 3000;
const maxConnections = 1024;
/** Half of them, so that one address cannot keep all others out. */
const maxConnectionsOfOne = 512;
const maxHeaderBytes = 16_384;

/** What listen() must know of a server that createHttpServer() has made. */
const protections = new WeakMap<FastifyInstance, { tls: boolean; guarded: () => boolean }>();

/**
 * A server with everything but the program's own routes: errors in one shape, health, limits, strict
 * headers, the OpenAPI document and its page. Give each route a schema; listen() opens it.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const app = open(options);
  const routes = listRoutes(app);
  addSecurityHeaders(app);
  if (options.answerHeaders !== undefined) addAnswerHeaders(app, options.answerHeaders);
  if (options.authorize !== undefined) guard(app, options.authorize);
  app.setSchemaErrorFormatter(validationError);
  answerErrors(app, routes);
  refuseEndlessNumbers(app);
  logRequests(app, options.logger);
  addHealthRoutes(app, options.ready ?? (() => true));
  const { title, description, version } = options;
  addDocs(app, routes, { title, description, version });
  protections.set(app, {
    tls: options.tls !== undefined,
    guarded: options.isGuarded ?? (() => options.authorize !== undefined),
  });
  return app;
}

function open(options: HttpServerOptions): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = options.logger.child(
    {},
    { level: loudest(options.logger) },
  );
  return fastify({
    serverFactory: (listener) => createServer(options, listener),
    loggerInstance,
    bodyLimit: options.bodyLimitBytes ?? 1_048_576,
    // A name on a path may be a cgroup's, and those are long.
    routerOptions: { maxParamLength: 2048 },
    ajv: { customOptions: { ...ajvOptions } },
    frameworkErrors: (error, request, reply) =>
      void answerUnrouted(options.authorize, { error, request, reply }),
    clientErrorHandler: answerClientError,
    rewriteUrl: ({ url = "/" }) => withoutBase(url, options.basePath ?? ""),
  });
}

/** What no route can be found for, such as a path that is none, is told only to those who may ask. */
async function answerUnrouted(
  authorize: Authorize | undefined,
  { error, request, reply }: { error: Error; request: FastifyRequest; reply: FastifyReply },
): Promise<void> {
  try {
    if (authorize !== undefined) await check(authorize, request, reply);
    answerError(error, request, reply);
  } catch (refusal) {
    answerError(refusal, request, reply);
  }
}

function withoutBase(url: string, basePath: string): string {
  if (basePath === "" || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest.startsWith("/")) return rest;
  return rest === "" || rest.startsWith("?") ? `/${rest}` : url;
}

function createServer(options: HttpServerOptions, listener: RequestListener): Server {
  const headersTimeout = options.headersTimeoutMs ?? 10_000;
  const limits = {
    headersTimeout,
    requestTimeout: options.requestTimeoutMs ?? 30_000,
    keepAliveTimeout: keepAliveMs,
    maxHeaderSize: maxHeaderBytes,
    // How often Node looks for those that are over their time.
    connectionsCheckingInterval: Math.min(5000, headersTimeout),
  };
  const server: Server =
    options.tls === undefined
      ? http.createServer(limits, listener)
      : createSecureServer({ ...limits, handshakeTimeout: headersTimeout }, options.tls, listener);
  server.setTimeout(options.idleTimeoutMs ?? 120_000);
  limitConnections(server, maxConnectionsOfOne);
  server.maxConnections = maxConnections;
  keepUnderWay(server);
  return server;
}

/** Fastify has a word at info on each request and address; its warnings and errors are wanted. */
function loudest(logger: Logger): string {
  const isQuieter = (logger.levels.values[logger.level] ?? Infinity) > 40;
  return isQuieter ? logger.level : "warn";
}

function logRequests(app: FastifyInstance, logger: Logger): void {
  app.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions } = request;
    const fields = { method, route: routeOptions.url, status: reply.statusCode };
    logger.debug({ ...fields, ms: Math.round(reply.elapsedTime) }, "answered");
  });
}

/** A server that answers. */
export interface Listening {
  /** Without a slash at the end. */
  readonly url: string;
  /** Takes no new requests, lets those under way end, and cuts what is left after 3 s. */
  close(): Promise<void>;
}

/**
 * Opens a server at `HOST:PORT`. Throws ConfigError if that cannot be had, and warns once if anybody
 * on the network can read it.
 */
export async function listen(
  app: FastifyInstance,
  address: string,
  logger: Logger,
): Promise<Listening> {
  const wanted = parseAddress(address);
  if (wanted === undefined) {
    throw new ConfigError("listen", address, "must be HOST:PORT; write for example 127.0.0.1:8180");
  }
  await bind(app, wanted);
  const { tls, guarded } = protections.get(app) ?? { tls: false, guarded: () => false };
  if (!isLoopback(wanted.host)) warnIfOpen(address, { tls, guarded: guarded() }, logger);
  const host = ["", "::", "0.0.0.0"].includes(wanted.host) ? "127.0.0.1" : wanted.host;
  const at = formatAddress({ host, port: boundPort(app) ?? wanted.port });
  return { url: `${tls ? "https" : "http"}://${at}`, close: () => close(app) };
}

function boundPort(app: FastifyInstance): number | undefined {
  const bound = app.server.address();
  return typeof bound === "object" ? bound?.port : undefined;
}

async function bind(app: FastifyInstance, { host, port }: Address): Promise<void> {
  try {
    await app.listen({ host: host === "" ? "::" : host, port });
  } catch (error) {
    const code = codeOf(error) ?? "";
    // A machine without IPv6 has no "::", which elsewhere takes IPv4 as well.
    if (host === "" && (code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL")) {
      return bind(app, { host: "0.0.0.0", port });
    }
    const at = formatAddress({ host, port });
    const remedy = remedies[code];
    if (remedy === undefined) throw new Error(`cannot listen on ${at}`, { cause: error });
    throw new ConfigError("listen", at, remedy);
  }
}

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; stop it or choose another port",
  EADDRNOTAVAIL: "this machine has no such address; choose one that it has, or 0.0.0.0 for all",
  EACCES: "this user may not listen there; choose a port from 1024 on",
  ENOTFOUND: "no such host; write an address of this machine",
  EAI_AGAIN: "the host's name cannot be looked up; write an address of this machine",
};

function warnIfOpen(
  address: string,
  { tls, guarded }: { tls: boolean; guarded: boolean },
  logger: Logger,
): void {
  const missing = [tls ? [] : ["TLS"], guarded ? [] : ["authentication"]].flat();
  if (missing.length === 0) return;
  logger.warn(
    { listen: address, missing: missing.join(" and ") },
    "anybody who can reach this address can read what is served or listen in; " +
      "set listen to 127.0.0.1:PORT, or --web-config-file to a file with a certificate and users",
  );
}

async function close(app: FastifyInstance): Promise<void> {
  // Node looks for idle connections but once, and misses those whose last answer is still under way.
  const idle = setInterval(() => app.server.closeIdleConnections(), 50);
  const rest = setTimeout(() => app.server.closeAllConnections(), closeGraceMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(rest);
  }
}
