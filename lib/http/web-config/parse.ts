import { validateHeaderValue } from "node:http";
import { createRequire } from "node:module";

import { Fields } from "../../config/fields.ts";
import { Unfit } from "../../config/option.ts";
import { parseTls } from "./parse-tls.ts";
import type { RateLimitSettings, WebSettings } from "./settings.ts";

type Yaml = typeof import("yaml");

// Costs memory, and most programs run without such a file.
const load: (name: string) => Yaml = createRequire(import.meta.url);

/** What answers without credentials unless `open_routes` says otherwise. */
const HEALTH = ["/healthz", "/-/healthy", "/-/ready"] as const;

/** Headers that may be set, with the values that they may have; any if none are named. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  "Content-Security-Policy": [],
  "Strict-Transport-Security": [],
  "X-Content-Type-Options": ["nosniff"],
  "X-Frame-Options": ["deny", "sameorigin"],
  "X-XSS-Protection": [],
};

const HASH = /^\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{53}$/u;
/** Each step doubles the work; this one takes a second or two. */
const HIGHEST_COST = 14;

/** Reads a web-config file's text. Throws Unfit, which names the field and never holds a value. */
export function parseWebSettings(text: string): WebSettings {
  const fields = new Fields(parseYaml(text), "");
  const tls = parseTls(fields.object("tls_server_config"));
  const rateLimit = rateLimitOf(fields.object("rate_limit"));
  const settings = {
    ...(tls === undefined ? {} : { tls }),
    headers: headersOf(fields.object("http_server_config")),
    users: usersOf(fields),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    tokenFiles: fields.texts("bearer_token_files"),
    openRoutes: fields.has("open_routes") ? openRoutesOf(fields) : HEALTH,
  };
  fields.end();
  return settings;
}

function parseYaml(text: string): unknown {
  const { LineCounter, parseDocument } = load("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  // The messages may hold a piece of the file.
  if (fault !== undefined) {
    throw new Unfit(`is not YAML at line ${lines.linePos(fault.pos[0]).line} (${fault.code})`);
  }
  try {
    return document.toJS();
  } catch {
    throw new Unfit("has an alias (*NAME) that cannot be followed; quote a value with * before it");
  }
}

function headersOf(http: Fields | undefined): Readonly<Record<string, string>> {
  // What is served is HTTP/1.1 either way.
  http?.flag("http2", true);
  const headers = http?.object("headers");
  http?.end();
  const given = (headers?.names() ?? []).map((name) => [name, headerOf(headers, name)] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

function headerOf(headers: Fields | undefined, name: string): string {
  const value = headers?.text(name, "") ?? "";
  const allowed = Object.hasOwn(HEADERS, name) ? HEADERS[name] : undefined;
  const unfit = (problem: string): Unfit => headers?.fault(name, problem) ?? new Unfit(problem);
  if (allowed === undefined) {
    throw unfit(`cannot be set; these can: ${Object.keys(HEADERS).join(", ")}`);
  }
  if (value !== "" && allowed.length > 0 && !allowed.includes(value)) {
    throw unfit(`must be ${allowed.join(" or ")}`);
  }
  try {
    validateHeaderValue(name, value);
  } catch {
    throw unfit("has characters that no header may have");
  }
  return value;
}

function usersOf(fields: Fields): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const [user, hash] of Object.entries(fields.textMap("basic_auth_users"))) {
    const name = `basic_auth_users.${user}`;
    if (user === "" || user.includes(":")) {
      throw fields.fault("basic_auth_users", "must have names that are not empty, without a colon");
    }
    const cost = Number(HASH.exec(hash)?.groups?.["cost"] ?? Number.NaN);
    if (Number.isNaN(cost)) {
      throw fields.fault(name, "must be a bcrypt hash; make one with htpasswd -nBC 10 NAME");
    }
    if (cost < 4 || cost > HIGHEST_COST) {
      throw fields.fault(name, `must be a bcrypt hash of a cost from 4 to ${HIGHEST_COST}`);
    }
    users.set(user, hash);
  }
  return users;
}

function rateLimitOf(fields: Fields | undefined): RateLimitSettings | undefined {
  if (fields === undefined) return undefined;
  const intervalMs = fields.duration("interval", 0);
  const burst = fields.integer("burst", { min: 0, max: 1_000_000 }, 0);
  fields.end();
  if (intervalMs === 0) return undefined;
  if (burst === 0) throw fields.fault("burst", "is missing: with 0 nothing would be answered");
  return { intervalMs, burst };
}

function openRoutesOf(fields: Fields): readonly string[] {
  const routes = fields.texts("open_routes");
  if (routes.every((route) => route.startsWith("/"))) return routes;
  throw fields.fault("open_routes", "must be a list of paths such as /metrics");
}
