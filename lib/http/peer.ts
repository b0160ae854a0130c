import http from "node:http";
import https from "node:https";

import type { RequestOptions } from "./ask.ts";
import { request, type Response } from "./client.ts";
import { FreshFile } from "./fresh-file.ts";
import type { PeerSettings, Secret, TlsSettings } from "./peer-settings.ts";
import { tlsAdvice } from "./tls-advice.ts";

const MOST_REDIRECTS = 10;

/** Kept open, but no longer than most servers keep their end. Milliseconds. */
const IDLE_MS = 120_000;

const POOL = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: 16 } as const;

/** Somebody who is spoken to in a way of their own. */
export interface Peer {
  /**
   * As `request` of the client, with credentials, TLS and redirects as they are set. What is wrong
   * with a certificate is said with the setting that helps.
   */
  request(url: string | URL, options: RequestOptions): Promise<Response>;
  /** Ends its connections. */
  close(): void;
}

/** Nothing is read or asked before the first request. */
export function openPeer(settings: PeerSettings): Peer {
  const plain = new http.Agent(POOL);
  const secure = secureAgents(settings.tls);
  const authorization = authorizations(settings);

  async function ask(target: URL, options: RequestOptions, isOwn: boolean): Promise<Response> {
    // Whoever is sent elsewhere does not take the credentials along.
    const own = isOwn ? await authorization() : {};
    const agent = target.protocol === "https:" ? await secure.current() : plain;
    return request(target, { ...options, headers: { ...options.headers, ...own }, agent });
  }

  return {
    async request(url: string | URL, options) {
      let target = new URL(String(url));
      const { origin } = target;
      for (let redirects = 0; ; redirects++) {
        const response = await advised(() => ask(target, options, target.origin === origin));
        const next = settings.followRedirects ? redirectOf(response, target) : undefined;
        if (next === undefined) return response;
        // To leave the body is what gives the connection free.
        for await (const _ of response.body) break;
        if (redirects === MOST_REDIRECTS) {
          throw new Error(`cannot follow more than ${MOST_REDIRECTS} redirects`);
        }
        target = next;
      }
    },
    close() {
      plain.destroy();
      secure.close();
    },
  };
}

async function advised<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const advice = tlsAdvice(error);
    throw advice === undefined ? error : new Error(advice, { cause: error });
  }
}

function redirectOf({ status, headers }: Response, from: URL): URL | undefined {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
  return URL.canParse(location, from.href) ? new URL(location, from) : undefined;
}

/** Connections with the certificates of now; those of before end when nobody uses them any more. */
function secureAgents(tls: TlsSettings | undefined): {
  current: () => Promise<https.Agent>;
  close: () => void;
} {
  const read = tlsReader(tls);
  const open = new Set<https.Agent>();
  let now: { readonly agent: https.Agent; readonly mark: string } | undefined;
  return {
    async current() {
      const options = await read();
      const mark = JSON.stringify(options);
      if (now?.mark === mark) return now.agent;
      if (now !== undefined) retire(now.agent);
      now = { agent: new https.Agent({ ...POOL, ...options }), mark };
      open.add(now.agent);
      return now.agent;
    },
    close() {
      for (const agent of open) agent.destroy();
    },
  };
}

/** What is under way goes on; a connection that becomes free ends. */
function retire(agent: https.Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}

function tlsReader(tls: TlsSettings | undefined): () => Promise<https.AgentOptions> {
  if (tls === undefined) return () => Promise.resolve({});
  const [ca, cert, key] = [tls.caFile, tls.certFile, tls.keyFile].map(
    (path) => path !== undefined && new FreshFile(path),
  );
  const given = {
    rejectUnauthorized: !tls.insecureSkipVerify,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion }),
  };
  return async (): Promise<https.AgentOptions> => ({
    ...given,
    ...(ca ? { ca: await ca.read() } : {}),
    ...(cert ? { cert: await cert.read() } : {}),
    ...(key ? { key: await key.read() } : {}),
  });
}

function authorizations(settings: PeerSettings): () => Promise<Record<string, string>> {
  const { basicAuth, authorization } = settings;
  if (authorization !== undefined) {
    const credentials = secretReader(authorization.credentials);
    return async () => ({ authorization: `${authorization.type} ${await credentials()}` });
  }
  if (basicAuth === undefined) return () => Promise.resolve({});
  const username = secretReader(basicAuth.username);
  const password = secretReader(basicAuth.password ?? { value: "" });
  return async () => {
    const pair = `${await username()}:${await password()}`;
    return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
  };
}

/** A secret's text; one that stands in a file without the blanks around it. */
function secretReader(secret: Secret): () => Promise<string> {
  if ("value" in secret) return () => Promise.resolve(secret.value);
  const file = new FreshFile(secret.file);
  return async () => (await file.read()).trim();
}
