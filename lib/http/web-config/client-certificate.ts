import { X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

import type { TlsServerSettings } from "./settings.ts";

/** What is wrong with the certificate that a client has shown, or not shown; undefined if it will do. */
export function certificateFault(
  socket: Socket,
  { clientAuth, clientAllowedSans }: TlsServerSettings,
): string | undefined {
  if (clientAuth === "NoClientCert" || clientAuth === "RequestClientCert") return undefined;
  const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (shown === undefined || !(socket instanceof TLSSocket)) {
    return clientAuth === "VerifyClientCertIfGiven" ? undefined : "a client certificate is needed";
  }
  if (clientAuth !== "RequireAnyClientCert" && !socket.authorized) {
    return "the client certificate is not signed by the authority that is trusted here, or not valid now";
  }
  if (clientAllowedSans === undefined) return undefined;
  const names = namesOf(shown);
  return clientAllowedSans.some((name) => names.has(name))
    ? undefined
    : "the client certificate has none of the names that are allowed here";
}

/** The alternative names of a certificate: hosts, addresses, e-mails and URIs. */
export function namesOf(certificate: X509Certificate): ReadonlySet<string> {
  const names = new Set<string>();
  // Node quotes, as JSON, what a comma could make two of.
  const entries = (certificate.subjectAltName ?? "").matchAll(
    /(?:^|, )(?<kind>DNS|URI|email|IP Address):(?<value>"(?:[^"\\]|\\.)*"|[^,]*)/gu,
  );
  for (const { groups } of entries) {
    const value = unquoted(groups?.["value"] ?? "");
    names.add(groups?.["kind"] === "IP Address" ? shortAddress(value) : value);
  }
  return names;
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  const text: unknown = JSON.parse(value);
  return typeof text === "string" ? text : "";
}

/** OpenSSL writes `0:0:0:0:0:0:0:1`, others `::1`. */
function shortAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
