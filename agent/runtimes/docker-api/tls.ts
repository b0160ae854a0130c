import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";

import { codeOf, ConfigError, messageOf } from "../../../lib/errors.ts";

/** A file, and the setting that names it. */
export interface NamedFile {
  readonly setting: string;
  readonly path: string;
}

/** What is needed to speak TLS with an engine: PEM files. Without a CA those of the system count. */
export interface TlsFiles {
  readonly ca?: NamedFile;
  readonly cert?: NamedFile;
  readonly key?: NamedFile;
}

/** What the files hold. */
export interface TlsTexts {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Reads the files and tries them, each by itself. @throws ConfigError naming the setting of a bad one */
export function readTls(files: TlsFiles): TlsTexts {
  const { ca, cert, key } = files;
  if ((cert === undefined) !== (key === undefined)) {
    const lone = cert ?? key;
    throw new ConfigError(lone?.setting ?? "", lone?.path, "needs a certificate and a key, both");
  }
  const texts: { ca?: string; cert?: string; key?: string } = {};
  if (ca !== undefined) texts.ca = read(ca);
  if (cert !== undefined) texts.cert = read(cert);
  if (key !== undefined) texts.key = read(key);
  if (ca !== undefined) tryOut(ca, { ca: texts.ca }, "must be a certificate in PEM");
  if (cert !== undefined) tryOut(cert, { cert: texts.cert }, "must be a certificate in PEM");
  if (key !== undefined) tryOut(key, { key: texts.key }, "must be a private key in PEM");
  if (key !== undefined) tryOut(key, texts, "must be the key of the certificate");
  return texts;
}

function read({ setting, path }: NamedFile): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(setting, path, `cannot be read (${codeOf(error) ?? "unknown"})`);
  }
}

function tryOut({ setting, path }: NamedFile, texts: object, remedy: string): void {
  try {
    // A text without any certificate is taken for an empty list.
    if ("ca" in texts && !String(texts.ca).includes("-----BEGIN ")) throw new Error("no PEM");
    createSecureContext(texts);
  } catch (error) {
    throw new ConfigError(setting, path, `${remedy} (${codeOf(error) ?? messageOf(error)})`);
  }
}

/** Codes of OpenSSL and Node by whose fault it is. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const NOT_TRUSTED = [
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
];

/** What a failed connection means in terms of the settings; undefined if it is not about TLS. */
export function explainTls(error: unknown): string | undefined {
  const code = codeOf(error) ?? "";
  if (NOT_TRUSTED.includes(code)) {
    return `docker.tls.ca: the engine's certificate is not signed by this authority (${code})`;
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `docker.host: the engine's certificate is for another name (${code})`;
  }
  if (/^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/.test(code)) {
    return `docker.host: the engine's certificate is not valid now (${code})`;
  }
  if (/ALERT_(?:CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE)/.test(code)) {
    return `docker.tls.cert: the engine does not accept this certificate (${code})`;
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return `docker.tls: the engine does not speak TLS on this port (${code})`;
  }
  return undefined;
}
