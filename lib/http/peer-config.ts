import { resolve } from "node:path";

import type { Fields } from "../config/fields.ts";
import type { PeerSettings, Secret, TlsSettings } from "./peer-settings.ts";

const minVersions = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3",
} as const;

/** What Prometheus's `http_config` has and we do not; to pass over it would ask another server or ask it otherwise. */
const unsupported = [
  "oauth2",
  "proxy_url",
  "proxy_from_environment",
  "proxy_connect_header",
  "http_headers",
] as const;

/** Change nothing in what is asked of whom. */
const ignored = ["no_proxy", "enable_http2"] as const;

/**
 * Reads how a peer is spoken to from the fields of Prometheus's `http_config`, which stand beside
 * others. Throws Unfit that names the field. Paths are taken as they stand: see `inFolder`.
 */
export function parsePeer(fields: Fields): PeerSettings {
  for (const name of unsupported) {
    if (fields.has(name)) throw fields.fault(name, "is not supported; leave it out");
  }
  for (const name of ignored) fields.has(name);
  const basicAuth = basicAuthOf(fields);
  const authorization = authorizationOf(fields);
  if (basicAuth !== undefined && authorization !== undefined) {
    const name = fields.has("authorization") ? "authorization" : "bearer_token";
    throw fields.fault(name, "cannot stand beside basic_auth; keep one of them");
  }
  const tls = tlsOf(fields);
  return {
    ...(basicAuth === undefined ? {} : { basicAuth }),
    ...(authorization === undefined ? {} : { authorization }),
    ...(tls === undefined ? {} : { tls }),
    followRedirects: fields.flag("follow_redirects", true),
  };
}

function basicAuthOf(fields: Fields): PeerSettings["basicAuth"] {
  const auth = fields.object("basic_auth");
  if (auth === undefined) return undefined;
  const username = secretOf(auth, "username", "username_file") ?? { value: "" };
  const password = secretOf(auth, "password", "password_file");
  auth.end();
  return { username, ...(password === undefined ? {} : { password }) };
}

function authorizationOf(fields: Fields): PeerSettings["authorization"] {
  const auth = fields.object("authorization");
  const bearer = secretOf(fields, "bearer_token", "bearer_token_file");
  if (auth === undefined) {
    return bearer === undefined ? undefined : { type: "Bearer", credentials: bearer };
  }
  if (bearer !== undefined) {
    throw fields.fault("authorization", "cannot stand beside bearer_token; keep one of them");
  }
  const type = auth.text("type", "Bearer").trim();
  if (type.toLowerCase() === "basic") throw auth.fault("type", "is for basic_auth; use that");
  const credentials = secretOf(auth, "credentials", "credentials_file");
  if (credentials === undefined) throw auth.fault("credentials", "is missing");
  auth.end();
  return { type: type === "" ? "Bearer" : type, credentials };
}

function secretOf(fields: Fields, plain: string, inFile: string): Secret | undefined {
  const value = fields.text(plain);
  const file = fields.text(inFile);
  if (value !== undefined && file !== undefined) {
    throw fields.fault(plain, `cannot stand beside ${inFile}; keep one of them`);
  }
  if (file !== undefined) return { file };
  return value === undefined ? undefined : { value };
}

function tlsOf(fields: Fields): TlsSettings | undefined {
  const tls = fields.object("tls_config");
  if (tls === undefined) return undefined;
  for (const name of ["ca", "cert", "key"]) {
    if (tls.has(name)) throw tls.fault(name, `is not supported; use ${name}_file`);
  }
  if (tls.has("max_version")) throw tls.fault("max_version", "is not supported; leave it out");
  const texts = {
    caFile: tls.text("ca_file"),
    certFile: tls.text("cert_file"),
    keyFile: tls.text("key_file"),
    serverName: tls.text("server_name"),
  };
  if ((texts.certFile === undefined) !== (texts.keyFile === undefined)) {
    const missing = texts.certFile === undefined ? "cert_file" : "key_file";
    throw tls.fault(missing, "is missing: a certificate and its key go together");
  }
  const version = tls.choice("min_version", ["TLS10", "TLS11", "TLS12", "TLS13"]);
  const insecureSkipVerify = tls.flag("insecure_skip_verify", false);
  tls.end();
  const given = Object.entries(texts).filter(([, text]) => text !== undefined && text !== "");
  return {
    ...Object.fromEntries(given),
    insecureSkipVerify,
    ...(version === undefined ? {} : { minVersion: minVersions[version] }),
  };
}

/** The same, with paths that are not absolute beginning in a folder. */
export function inFolder(peer: PeerSettings, folder: string): PeerSettings {
  const { basicAuth, authorization, tls } = peer;
  const secret = <S extends Secret | undefined>(given: S): S | { file: string } =>
    given !== undefined && "file" in given ? { file: resolve(folder, given.file) } : given;
  const path = (name: "caFile" | "certFile" | "keyFile"): Partial<TlsSettings> =>
    tls?.[name] === undefined ? {} : { [name]: resolve(folder, tls[name]) };
  return {
    ...peer,
    ...(basicAuth === undefined ? {} : { basicAuth: resolvedBasicAuth(basicAuth, secret) }),
    ...(authorization === undefined
      ? {}
      : { authorization: { ...authorization, credentials: secret(authorization.credentials) } }),
    ...(tls === undefined
      ? {}
      : { tls: { ...tls, ...path("caFile"), ...path("certFile"), ...path("keyFile") } }),
  };
}

function resolvedBasicAuth(
  { username, password }: NonNullable<PeerSettings["basicAuth"]>,
  secret: (given: Secret) => Secret,
): NonNullable<PeerSettings["basicAuth"]> {
  return {
    username: secret(username),
    ...(password === undefined ? {} : { password: secret(password) }),
  };
}
