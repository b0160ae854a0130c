import { readFile } from "node:fs/promises";
import { Agent as PlainAgent } from "node:http";
import { Agent } from "node:https";
import path from "node:path";

import type { RequestOptions } from "../../../lib/http/ask.ts";
import { request, type Response } from "../../../lib/http/client.ts";
import { inFolder } from "../../../lib/http/peer-config.ts";
import { openPeer } from "../../../lib/http/peer.ts";
import { type Kubeconfig, type Pem, readKubeconfig } from "./kubeconfig.ts";
import type { ServerSettings } from "./settings.ts";

/** Where Kubernetes puts what a pod needs to speak to it. https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
export const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const IN_CLUSTER = "https://kubernetes.default.svc";

/** An API server, with our credentials for it. */
export interface ApiServer {
  /** Asks for a path with its query. */
  ask(path: string, options: RequestOptions): Promise<Response>;
  close(): void;
}

/** Without anything secret. */
export function whereOf(server: ServerSettings): string {
  if (server.kind === "url") return server.url;
  return server.kind === "kubeconfig" ? server.file : IN_CLUSTER;
}

/**
 * Opens it as it is configured; reads what is in files. Throws if a kubeconfig cannot be read.
 *
 * @param folder where relative paths begin
 */
export async function openApiServer(server: ServerSettings, folder: string): Promise<ApiServer> {
  if (server.kind === "kubeconfig") {
    return openKubeconfig(await readKubeconfig(path.resolve(folder, server.file)));
  }
  const url = whereOf(server);
  const peer = openPeer(
    server.kind === "url"
      ? inFolder(server.peer, folder)
      : {
          // Both files are replaced while the pod lives; they are read for each request.
          authorization: { type: "Bearer", credentials: { file: `${SERVICE_ACCOUNT}/token` } },
          tls: { caFile: `${SERVICE_ACCOUNT}/ca.crt`, insecureSkipVerify: false },
          followRedirects: false,
        },
  );
  return {
    ask: (target, options) => peer.request(url + target, options),
    close: () => peer.close(),
  };
}

async function openKubeconfig(config: Kubeconfig): Promise<ApiServer> {
  const agent = config.server.startsWith("https:")
    ? new Agent({
        keepAlive: true,
        rejectUnauthorized: !config.insecureSkipVerify,
        ...(await pem("ca", config.ca)),
        ...(await pem("cert", config.cert)),
        ...(await pem("key", config.key)),
        ...(config.serverName === undefined ? {} : { servername: config.serverName }),
      })
    : new PlainAgent({ keepAlive: true });
  return {
    async ask(target, options) {
      const headers = { ...options.headers, ...(await authorizationOf(config)) };
      return request(config.server + target, { ...options, headers, agent });
    },
    close: () => agent.destroy(),
  };
}

async function pem(name: string, given: Pem | undefined): Promise<Record<string, string>> {
  if (given === undefined) return {};
  return { [name]: "text" in given ? given.text : await readFile(given.file, "utf8") };
}

// A file goes before what stands in place, as in kubectl.
async function authorizationOf(config: Kubeconfig): Promise<Record<string, string>> {
  const { token, tokenFile, username, password } = config;
  const bearer = tokenFile === undefined ? token : (await readFile(tokenFile, "utf8")).trim();
  if (bearer !== undefined) return { authorization: `Bearer ${bearer}` };
  if (username === undefined) return {};
  const pair = Buffer.from(`${username}:${password ?? ""}`).toString("base64");
  return { authorization: `Basic ${pair}` };
}
