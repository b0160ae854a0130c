/** A secret that stands in the configuration or, better, in a file that is read anew when it changes. */
export type Secret = { readonly value: string } | { readonly file: string };

/** How TLS is spoken to a peer, in Prometheus's words (`tls_config`). */
export interface TlsSettings {
  /** PEM; the system's authorities if left out. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly serverName?: string;
  readonly insecureSkipVerify: boolean;
  readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
}

/**
 * How a peer is spoken to, in Prometheus's words: at most one of basic auth and authorization.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 */
export interface PeerSettings {
  readonly basicAuth?: { readonly username: Secret; readonly password?: Secret };
  readonly authorization?: { readonly type: string; readonly credentials: Secret };
  readonly tls?: TlsSettings;
  readonly followRedirects: boolean;
}

/** Nothing special. */
export const PLAIN_PEER: PeerSettings = { followRedirects: true };
