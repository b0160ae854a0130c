import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createSecureContext, type SecureContextOptions } from "node:tls";

import { Unfit } from "../../config/option.ts";
import { codeOf } from "../../errors.ts";
import { parseWebSettings } from "./parse.ts";
import type { Pem, TlsServerSettings, WebSettings } from "./settings.ts";

/** A web-config file with all that it names. */
export interface LoadedWebConfig {
  readonly settings: WebSettings;
  readonly secure?: SecureContextOptions;
  readonly tokens: readonly string[];
}

const MOST_BYTES = 1024 * 1024;
/** https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const TOKEN = /^[A-Za-z0-9\-._~+/]{16,4096}=*$/u;

/** Reads the file and what it names. Throws Unfit, which never holds anything secret. */
export function loadWebConfig(path: string): LoadedWebConfig {
  const folder = dirname(path);
  const settings = parseWebSettings(readText(path, ""));
  const tokens = settings.tokenFiles.map((file, index) =>
    readToken(resolve(folder, file), `bearer_token_files[${index}]`),
  );
  const { tls } = settings;
  return { settings, tokens, ...(tls === undefined ? {} : { secure: secureOf(tls, folder) }) };
}

/** The files that a web-config file names, for whoever watches them; itself first. */
export function filesOf(path: string, { tls, tokenFiles }: WebSettings): readonly string[] {
  const pems = [tls?.cert, tls?.key, tls?.clientCa].flatMap((pem) =>
    pem !== undefined && "file" in pem ? pem.file : [],
  );
  return [path, ...[...pems, ...tokenFiles].map((file) => resolve(dirname(path), file))];
}

function secureOf(tls: TlsServerSettings, folder: string): SecureContextOptions {
  const read = (pem: Pem, name: string): string =>
    "text" in pem
      ? pem.text
      : readText(resolve(folder, pem.file), `tls_server_config.${name}_file `);
  const options: SecureContextOptions = {
    cert: read(tls.cert, "cert"),
    key: read(tls.key, "key"),
    ...(tls.clientCa === undefined ? {} : { ca: read(tls.clientCa, "client_ca") }),
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    honorCipherOrder: tls.preferServerCiphers,
    ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
    ...(tls.curves === undefined ? {} : { ecdhCurve: tls.curves }),
  };
  // OpenSSL passes over an authority that it cannot read, and would then refuse everybody.
  if (typeof options.ca === "string") certificateIn(options.ca, "client_ca");
  certificateIn(String(options.cert), "cert");
  try {
    createSecureContext(options);
  } catch (error) {
    throw new Unfit(`tls_server_config cannot be used: ${reasonOf(error)}`);
  }
  return options;
}

function certificateIn(pem: string, name: string): void {
  if (pem.includes("-----BEGIN CERTIFICATE-----") && isCertificate(pem)) return;
  throw new Unfit(`tls_server_config.${name}_file holds no certificate in PEM`);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint !== "";
  } catch {
    return false;
  }
}

/** OpenSSL's own text may be anything; its codes hold no secrets. */
function reasonOf(error: unknown): string {
  const code = codeOf(error) ?? "";
  if (code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH") return "the key is not the certificate's";
  if (/PEM|DECODER|NO_START_LINE|ASN1|UNSUPPORTED|BAD_PASSWORD|PASSPHRASE/.test(code))
    return "the key is none, or has a passphrase";
  return code === "" ? "OpenSSL refuses it" : `OpenSSL refuses it (${code})`;
}

function readToken(file: string, name: string): string {
  const token = readText(file, `${name} `).trim();
  if (TOKEN.test(token)) return token;
  throw new Unfit(`${name} must name a file with one token of at least 16 letters and digits`);
}

function readText(file: string, what: string): string {
  try {
    const found = statSync(file);
    // A pipe would be waited for, and with it everything else.
    if (!found.isFile()) throw new Unfit(`${what}is no regular file`);
    if (found.size > MOST_BYTES) throw new Unfit(`${what}is larger than ${MOST_BYTES} bytes`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Unfit) throw error;
    throw new Unfit(`${what}cannot be read (${codeOf(error) ?? "unknown cause"})`);
  }
}
