import { createHash } from "node:crypto";
import { validateHeaderName, validateHeaderValue } from "node:http";

import type { Fields } from "../../../lib/config/fields.ts";
import { parsePeer } from "../../../lib/http/peer-config.ts";
import type { PeerSettings } from "../../../lib/http/peer-settings.ts";
import { positiveDuration } from "../../jobs/global.ts";
import { parseRelabelRules } from "../../jobs/relabel-rule.ts";
import type { RelabelRule } from "../../jobs/relabel.ts";
import { type MessageName, V1, V2 } from "./messages.ts";
import { parseQueueConfig, type QueueConfig } from "./queue-config.ts";
import { isWritableUrl } from "./writable-url.ts";

/** A store that is written to: an entry of `remote_write`, read and checked, with its defaults filled in. */
export interface Store {
  /** In metrics, in logs and on disk. */
  readonly name: string;
  readonly url: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly rules: readonly RelabelRule[];
  readonly peer: PeerSettings;
  readonly message: MessageName;
  readonly queue: QueueConfig;
}

/** Prometheus's default. Milliseconds. */
const DEFAULT_TIMEOUT = 30_000;

/** Ways to prove who one is that we do not have: without them the store would refuse everything. */
const unsupported = ["sigv4", "azuread", "google_iam"] as const;

/** Change nothing in what is sent: a page's types are not kept with its series, and names are looked up anew. */
const ignored = ["metadata_config", "round_robin_dns"] as const;

/** Prometheus refuses the same. */
const reserved: ReadonlySet<string> = new Set([
  "accept-encoding",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "transfer-encoding",
  "user-agent",
  "www-authenticate",
  "x-prometheus-remote-read-version",
  "x-prometheus-remote-write-version",
]);

/**
 * Reads an entry of `remote_write`; throws Unfit that names the field.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
 */
export function parseStore(fields: Fields): Store {
  for (const name of unsupported) {
    if (fields.has(name)) throw fields.fault(name, "is not supported; leave it out");
  }
  for (const name of ignored) fields.has(name);
  for (const name of ["send_exemplars", "send_native_histograms"]) {
    if (!fields.flag(name, false)) continue;
    throw fields.fault(name, "is not supported, as scrapes keep none; leave it out");
  }
  const url = urlOf(fields);
  const store: Store = {
    name: nameOf(fields, url),
    url,
    timeout: positiveDuration(fields, "remote_timeout") ?? DEFAULT_TIMEOUT,
    headers: headersOf(fields),
    rules: parseRelabelRules(fields, "write_relabel_configs"),
    peer: parsePeer(fields),
    message: fields.choice("protobuf_message", [V1, V2], V1),
    queue: parseQueueConfig(fields.object("queue_config")),
  };
  fields.end();
  return store;
}

function urlOf(fields: Fields): string {
  const url = fields.needed("url");
  if (isWritableUrl(url)) return url;
  throw fields.fault("url", "must be an http or https URL; user and password go to basic_auth");
}

/** Without a name of its own the address tells it, so that what waits for one store never goes to another. */
function nameOf(fields: Fields, url: string): string {
  const name = fields.text("name", "");
  if (name === "") return createHash("sha256").update(url).digest("hex").slice(0, 6);
  // It is also the name of a folder.
  if (/^[\w.-]{1,64}$/u.test(name)) return name;
  throw fields.fault("name", "must be of at most 64 letters, digits, _, . and -");
}

function headersOf(fields: Fields): Readonly<Record<string, string>> {
  const given = Object.entries(fields.textMap("headers"));
  for (const [name, value] of given) {
    const path = `headers.${name}`;
    if (reserved.has(name.toLowerCase())) throw fields.fault(path, "is set by us; leave it out");
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw fields.fault(path, "can't be sent as a header: a character of it is not allowed");
    }
  }
  return Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]));
}
