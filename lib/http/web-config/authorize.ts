import type { FastifyRequest } from "fastify";

import type { Refusal, Verdict } from "../security.ts";
import { certificateFault } from "./client-certificate.ts";
import type { WebCounts } from "./counts.ts";
import { type Credentials, isOneOf, parseAuthorization } from "./credentials.ts";
import { FailedLogins } from "./failed-logins.ts";
import type { LoadedWebConfig } from "./load.ts";
import { Passwords } from "./passwords.ts";
import { isGuarded } from "./settings.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Decides who may ask, by the web-config file of the moment. */
export class Authorizer {
  readonly #now: () => LoadedWebConfig;
  readonly #pass: () => string | undefined;
  readonly #counts: WebCounts;
  readonly #passwords = new Passwords();
  readonly #failed = new FailedLogins();
  #requests: { readonly of: string; readonly bucket: TokenBucket } | undefined;

  /** `pass` is a token that opens everything. */
  constructor(now: () => LoadedWebConfig, pass: () => string | undefined, counts: WebCounts) {
    this.#now = now;
    this.#pass = pass;
    this.#counts = counts;
  }

  /** Throws a 503 if too many wait to have their password compared. */
  async authorize(request: FastifyRequest): Promise<Verdict> {
    const config = this.#now();
    if (this.#hasPass(request)) return "allowed";
    if (!this.#isWithinRate(config)) {
      this.#counts.refused.rate++;
      return { statusCode: 429, message: "there are too many requests; ask again later" };
    }
    if (!isGuarded(config.settings) || isOpen(request, config)) {
      // A certificate that was given must be good even where none is needed.
      return this.#certificate(request, config, isOpen(request, config)) ?? "allowed";
    }
    return this.#certificate(request, config, false) ?? (await this.#credentials(request, config));
  }

  #hasPass({ headers: { authorization } }: FastifyRequest): boolean {
    const pass = this.#pass();
    if (pass === undefined) return false;
    const given = parseAuthorization(authorization);
    return given?.scheme === "bearer" && isOneOf([pass], given.token);
  }

  #certificate(
    request: FastifyRequest,
    { settings: { tls } }: LoadedWebConfig,
    isFree: boolean,
  ): Refusal | undefined {
    if (tls === undefined || isFree) return undefined;
    const message = certificateFault(request.raw.socket, tls);
    if (message === undefined) return undefined;
    this.#counts.refused.certificate++;
    return { statusCode: 403, message };
  }

  async #credentials(request: FastifyRequest, config: LoadedWebConfig): Promise<Verdict> {
    const { users } = config.settings;
    if (users.size === 0 && config.tokens.length === 0) return "allowed";
    const { authorization } = request.headers;
    if (authorization === undefined) {
      this.#counts.refused.anonymous++;
      return challenge(config, "say who you are");
    }
    const given = parseAuthorization(authorization);
    if (given !== undefined && this.#isKnown(given, request.ip, config)) return "allowed";
    return this.#attempt(given, request.ip, config);
  }

  /** Whether it is right, as far as that is known at once: not where it would make guessing free. */
  #isKnown(
    given: Credentials,
    address: string,
    { tokens, settings: { users } }: LoadedWebConfig,
  ): boolean {
    if (given.scheme === "bearer") return isOneOf(tokens, given.token);
    if (!this.#failed.wasLetIn(address, given.user)) return false;
    return this.#passwords.remembered(users, given.user, given.password) === true;
  }

  async #attempt(
    given: Credentials | undefined,
    address: string,
    config: LoadedWebConfig,
  ): Promise<Verdict> {
    if (!this.#failed.tries(address, performance.now())) {
      this.#counts.refused.limited++;
      return {
        statusCode: 429,
        message: "too many logins from this address have failed; try again later",
        headers: { "retry-after": String(this.#failed.pauseSeconds) },
      };
    }
    if (given?.scheme === "basic" && (await this.#isRight(given, config))) {
      this.#failed.succeeded(address, given.user, performance.now());
      return "allowed";
    }
    this.#counts.refused.credentials++;
    return challenge(config, "the user, password or token is wrong");
  }

  async #isRight(
    given: Extract<Credentials, { scheme: "basic" }>,
    { settings: { users } }: LoadedWebConfig,
  ): Promise<boolean> {
    if (users.size === 0) return false;
    const known = this.#passwords.remembered(users, given.user, given.password);
    return known ?? this.#passwords.check(users, given.user, given.password);
  }

  #isWithinRate({ settings: { rateLimit } }: LoadedWebConfig): boolean {
    if (rateLimit === undefined) return true;
    const now = performance.now();
    const of = JSON.stringify(rateLimit);
    if (this.#requests?.of !== of) {
      const { intervalMs, burst } = rateLimit;
      this.#requests = { of, bucket: new TokenBucket(intervalMs, burst, now) };
    }
    return this.#requests.bucket.take(now);
  }
}

/** By the route that answers, not by the path that was asked for: so there is no trick in how it is written. */
function isOpen({ routeOptions, method }: FastifyRequest, { settings }: LoadedWebConfig): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  return routeOptions.url !== undefined && settings.openRoutes.includes(routeOptions.url);
}

function challenge({ settings: { users }, tokens }: LoadedWebConfig, message: string): Refusal {
  const challenges = [
    ...(users.size > 0 ? ['Basic realm="Plimsoll", charset="UTF-8"'] : []),
    ...(tokens.length > 0 ? ['Bearer realm="Plimsoll"'] : []),
  ];
  return { statusCode: 401, message, headers: { "www-authenticate": challenges } };
}
