import { describe, expect, it } from "vitest";

import { Unfit } from "../../../../lib/config/option.ts";
import { parseWebSettings } from "../../../../lib/http/web-config/parse.ts";
import { isGuarded } from "../../../../lib/http/web-config/settings.ts";

const HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";
const HEALTH = ["/healthz", "/-/healthy", "/-/ready"];

const tls = (...lines: string[]): string =>
  [
    "tls_server_config:",
    "  cert_file: c.pem",
    "  key_file: k.pem",
    ...lines.map((l) => `  ${l}`),
  ].join("\n");

function complaint(text: string): string {
  try {
    parseWebSettings(text);
  } catch (error) {
    expect(error).toBeInstanceOf(Unfit);
    return (error as Unfit).message;
  }
  throw new Error("it is taken");
}

describe("a web-config file", () => {
  it("may be empty, and then lets in everybody", () => {
    const settings = parseWebSettings("");
    expect(settings).toEqual({ headers: {}, users: new Map(), tokenFiles: [], openRoutes: HEALTH });
    expect(isGuarded(settings)).toBe(false);
    expect(parseWebSettings("tls_server_config:\nbasic_auth_users:\n").tls).toBeUndefined();
  });

  it("shows nothing of a value that YAML takes for an alias", () => {
    const text = complaint("basic_auth_users: {alice: *hunter2}");
    expect(text).toMatch(/^has an alias/);
    expect(text).not.toContain("hunter2");
  });

  it("may have every word of Prometheus's", () => {
    const settings = parseWebSettings(`
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example.org, "spiffe://x/y"]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: deny
    X-XSS-Protection: ""
basic_auth_users:
  alice: ${HASH}
  __proto__: ${HASH}
rate_limit: { interval: 100ms, burst: 20 }
bearer_token_files: [a.token]
open_routes: [/metrics]
`);
    expect(settings).toEqual({
      tls: {
        cert: { file: "server.crt" },
        key: { file: "server.key" },
        clientCa: { file: "ca.crt" },
        clientAuth: "RequireAndVerifyClientCert",
        clientAllowedSans: ["prometheus.example.org", "spiffe://x/y"],
        minVersion: "TLSv1.2",
        maxVersion: "TLSv1.3",
        ciphers:
          "ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
        preferServerCiphers: false,
        curves: "X25519:P-256",
      },
      headers: { "Strict-Transport-Security": "max-age=31536000", "X-Frame-Options": "deny" },
      users: new Map([
        ["alice", HASH],
        ["__proto__", HASH],
      ]),
      rateLimit: { intervalMs: 100, burst: 20 },
      tokenFiles: ["a.token"],
      openRoutes: ["/metrics"],
    });
    expect(isGuarded(settings)).toBe(true);
  });

  it.each([
    ["", "NoClientCert", false],
    ["NoClientCert", "NoClientCert", false],
    ["RequestClientCert", "RequestClientCert", false],
    ["RequireAnyClientCert", "RequireAnyClientCert", true],
    ["RequireClientCert", "RequireAnyClientCert", true],
    ["VerifyClientCertIfGiven", "VerifyClientCertIfGiven", false],
    ["RequireAndVerifyClientCert", "RequireAndVerifyClientCert", true],
  ])("knows the client_auth_type %j", (word, meant, guards) => {
    const ca = meant === "NoClientCert" ? [] : ["client_ca_file: ca.pem"];
    const settings = parseWebSettings(tls(`client_auth_type: "${word}"`, ...ca));
    expect(settings.tls?.clientAuth).toBe(meant);
    expect(isGuarded(settings)).toBe(guards);
  });

  it("gives back older versions as the oldest that is spoken", () => {
    expect(parseWebSettings(tls("min_version: TLS10")).tls?.minVersion).toBe("TLSv1.2");
  });

  it.each([
    ["tls_server_confg: {}", "tls_server_confg is unknown; did you mean tls_server_config?"],
    [tls("cert_fil: x"), "tls_server_config.cert_fil is unknown; did you mean cert_file?"],
    ["tls_server_config: {key_file: k}", "tls_server_config.cert_file is missing"],
    ["tls_server_config: {cert_file: c}", "tls_server_config.key_file is missing"],
    [tls("cert: x"), "tls_server_config.cert cannot stand beside cert_file"],
    [tls("client_auth_type: Nobody"), "tls_server_config.client_auth_type must be one of"],
    [tls("client_auth_type: constructor"), "tls_server_config.client_auth_type must be one of"],
    [tls("client_ca_file: ca"), "set it to RequireAndVerifyClientCert"],
    [tls("client_auth_type: RequireAndVerifyClientCert"), "client_ca_file is missing"],
    [tls("client_auth_type: VerifyClientCertIfGiven"), "client_ca_file is missing"],
    [tls("client_allowed_sans: [a]"), "client_allowed_sans needs client_auth_type"],
    [tls("max_version: TLS11"), "tls_server_config.max_version must be TLS12 or TLS13"],
    [tls("min_version: TLS13", "max_version: TLS12"), "min_version must not be above max_version"],
    [tls("cipher_suites: [RC4]"), "tls_server_config.cipher_suites must be a list of some of"],
    [tls("curve_preferences: [P-256]"), "tls_server_config.curve_preferences must be a list of"],
    ["http_server_config: {http3: true}", "http_server_config.http3 is unknown"],
    ["http_server_config: {headers: {X-Own: a}}", "headers.X-Own cannot be set; these can"],
    ["http_server_config: {headers: {X-Frame-Options: a}}", "must be deny or sameorigin"],
    [
      'http_server_config: {headers: {Content-Security-Policy: "a\\r\\nSet-Cookie: b"}}',
      "headers.Content-Security-Policy has characters that no header may have",
    ],
    ["basic_auth_users: {alice: hunter2}", "basic_auth_users.alice must be a bcrypt hash"],
    [`basic_auth_users: {alice: "${HASH.replace("10", "31")}"}`, "of a cost from 4 to 14"],
    [`basic_auth_users: {"a:b": "${HASH}"}`, "without a colon"],
    ["rate_limit: {interval: 1s}", "rate_limit.burst is missing"],
    ["bearer_token_files: a", "bearer_token_files must be a list"],
    ["open_routes: [metrics]", "open_routes must be a list of paths"],
    ["- a", "must be NAME: VALUE lines"],
    ["basic_auth_users: {alice: hunter2", "is not YAML at line 1"],
    ["basic_auth_users:\n  alice: hunter2\n  alice: b\n", "is not YAML at line 3 (DUPLICATE_KEY)"],
  ])("is refused, without telling a secret: %s", (text, message) => {
    const said = complaint(text);
    expect(said).toContain(message);
    expect(said).not.toContain("hunter2");
    expect(said).not.toContain(HASH);
  });
});
