import type { Fields } from "../../config/fields.ts";
import type { ClientAuth, Pem, TlsServerSettings } from "./settings.ts";
import { CIPHERS, CURVES, TLS13_CIPHERS } from "./tls-words.ts";

const CLIENT_AUTH: Readonly<Record<string, ClientAuth>> = {
  "": "NoClientCert",
  NoClientCert: "NoClientCert",
  RequestClientCert: "RequestClientCert",
  RequireAnyClientCert: "RequireAnyClientCert",
  // An older spelling.
  RequireClientCert: "RequireAnyClientCert",
  VerifyClientCertIfGiven: "VerifyClientCertIfGiven",
  RequireAndVerifyClientCert: "RequireAndVerifyClientCert",
};

const VERSIONS = ["TLS10", "TLS11", "TLS12", "TLS13"] as const;

/** Reads `tls_server_config`; undefined if it says nothing. Throws Unfit that names the field. */
export function parseTls(fields: Fields | undefined): TlsServerSettings | undefined {
  if (fields === undefined || fields.names().length === 0) return undefined;
  const clientCa = pemOf(fields, "client_ca");
  const clientAuth = clientAuthOf(fields, clientCa);
  const sans = allowedSans(fields, clientAuth);
  const ciphers = wordsOf(fields, "cipher_suites", CIPHERS);
  const curves = wordsOf(fields, "curve_preferences", CURVES);
  const parsed = {
    cert: neededPem(fields, "cert"),
    key: neededPem(fields, "key"),
    ...(clientCa === undefined ? {} : { clientCa }),
    clientAuth,
    ...(sans === undefined ? {} : { clientAllowedSans: sans }),
    ...versionsOf(fields),
    ...(ciphers.length === 0
      ? {}
      : { ciphers: [...new Set([...ciphers, ...TLS13_CIPHERS])].join(":") }),
    preferServerCiphers: fields.flag("prefer_server_cipher_suites", true),
    ...(curves.length === 0 ? {} : { curves: curves.join(":") }),
  };
  fields.end();
  return parsed;
}

function pemOf(fields: Fields, name: string): Pem | undefined {
  const text = fields.text(name, "");
  const file = fields.text(`${name}_file`, "");
  if (text !== "" && file !== "") {
    throw fields.fault(name, `cannot stand beside ${name}_file; keep one of them`);
  }
  if (file !== "") return { file };
  return text === "" ? undefined : { text };
}

function neededPem(fields: Fields, name: string): Pem {
  const pem = pemOf(fields, name);
  if (pem !== undefined) return pem;
  throw fields.fault(`${name}_file`, "is missing: TLS needs a certificate and its key");
}

function clientAuthOf(fields: Fields, ca: Pem | undefined): ClientAuth {
  const name = "client_auth_type";
  const word = fields.text(name, "");
  const found = Object.hasOwn(CLIENT_AUTH, word) ? CLIENT_AUTH[word] : undefined;
  if (found === undefined) {
    const words = Object.keys(CLIENT_AUTH).filter((one) => one !== "");
    throw fields.fault(name, `must be one of ${words.join(", ")}`);
  }
  if (ca !== undefined && found === "NoClientCert") {
    throw fields.fault(
      name,
      "is missing: with client_ca_file set it to RequireAndVerifyClientCert",
    );
  }
  if (ca === undefined && /Verify/.test(found)) {
    throw fields.fault("client_ca_file", "is missing: it says who signs the clients' certificates");
  }
  return found;
}

function allowedSans(fields: Fields, clientAuth: ClientAuth): readonly string[] | undefined {
  const name = "client_allowed_sans";
  if (!fields.has(name)) return undefined;
  if (!clientAuth.startsWith("Require")) {
    throw fields.fault(name, "needs client_auth_type RequireAndVerifyClientCert");
  }
  return fields.texts(name);
}

function versionsOf(fields: Fields): Pick<TlsServerSettings, "minVersion" | "maxVersion"> {
  const min = fields.choice("min_version", VERSIONS, "TLS12");
  const max = fields.choice("max_version", VERSIONS, "TLS13");
  if (max === "TLS10" || max === "TLS11") {
    throw fields.fault("max_version", "must be TLS12 or TLS13: older versions are not spoken");
  }
  if (min > max) throw fields.fault("min_version", "must not be above max_version");
  return {
    // Older versions may stand there for other programs' sake.
    minVersion: min === "TLS13" ? "TLSv1.3" : "TLSv1.2",
    maxVersion: max === "TLS13" ? "TLSv1.3" : "TLSv1.2",
  };
}

function wordsOf(
  fields: Fields,
  name: string,
  known: Readonly<Record<string, string>>,
): readonly string[] {
  return fields.texts(name).map((word) => {
    const found = Object.hasOwn(known, word) ? known[word] : undefined;
    if (found !== undefined) return found;
    throw fields.fault(name, `must be a list of some of ${Object.keys(known).join(", ")}`);
  });
}
