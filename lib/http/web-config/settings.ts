/** PEM that stands in the web-config file or in a file of its own. */
export type Pem = { readonly text: string } | { readonly file: string };

/** Which certificates of clients are asked for and looked at. https://pkg.go.dev/crypto/tls#ClientAuthType */
export type ClientAuth =
  | "NoClientCert"
  | "RequestClientCert"
  | "RequireAnyClientCert"
  | "VerifyClientCertIfGiven"
  | "RequireAndVerifyClientCert";

/** `tls_server_config`. */
export interface TlsServerSettings {
  readonly cert: Pem;
  readonly key: Pem;
  readonly clientCa?: Pem;
  readonly clientAuth: ClientAuth;
  /** One of them a client's certificate must have; whatever it has if left out. */
  readonly clientAllowedSans?: readonly string[];
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  readonly maxVersion: "TLSv1.2" | "TLSv1.3";
  /** OpenSSL's names, separated by colons; Node's own choice if left out. */
  readonly ciphers?: string;
  readonly preferServerCiphers: boolean;
  /** OpenSSL's names, separated by colons. */
  readonly curves?: string;
}

/** `rate_limit`: of all requests together. */
export interface RateLimitSettings {
  readonly intervalMs: number;
  readonly burst: number;
}

/**
 * A web-config file as Prometheus's programs read it, and our own words beside it.
 * https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
 */
export interface WebSettings {
  readonly tls?: TlsServerSettings;
  readonly headers: Readonly<Record<string, string>>;
  /** bcrypt hashes by name. */
  readonly users: ReadonlyMap<string, string>;
  readonly rateLimit?: RateLimitSettings;
  /** Each holds a token; ours. */
  readonly tokenFiles: readonly string[];
  /** Routes that need no credentials; ours. */
  readonly openRoutes: readonly string[];
}

/** Whether a client must show a certificate. */
function needsCertificate({ tls }: WebSettings): boolean {
  return (
    tls?.clientAuth === "RequireAnyClientCert" || tls?.clientAuth === "RequireAndVerifyClientCert"
  );
}

/** Whether anybody must say who he is. */
export function isGuarded(settings: WebSettings): boolean {
  const { users, tokenFiles } = settings;
  return users.size > 0 || tokenFiles.length > 0 || needsCertificate(settings);
}
