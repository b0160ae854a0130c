import { statSync } from "node:fs";
import { type ClientRequest, request as httpRequest, type RequestOptions } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";

import { codeOf, messageOf } from "../../lib/errors.ts";
import { isRecord } from "../../lib/record.ts";
import { findSocket, type Server } from "../runtimes/docker-api/endpoint.ts";
import { readTls } from "../runtimes/docker-api/tls.ts";
import type { EnginePlace } from "./scene.ts";

/** An engine that says nothing for so long does not answer. */
const PATIENCE_MS = 2000;

/** Of the answer's body, which is about 1 KB. */
const LARGEST = 65_536;

/** How an engine was found. */
export type Found =
  | { readonly is: "reachable"; readonly version: string | undefined }
  | {
      readonly is:
        | "absent"
        | "refused"
        | "closed"
        | "not-engine"
        | "silent"
        | "tls"
        | "unreachable";
      /** In words, or the code of the error. */
      readonly because: string;
    };

const TLS = /^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

function failureOf(error: unknown): Found {
  const code = codeOf(error) ?? "";
  if (code === "ENOENT") return { is: "absent", because: "there is no such socket" };
  if (code === "EACCES" || code === "EPERM") return { is: "refused", because: code };
  if (code === "ECONNREFUSED") return { is: "closed", because: "nobody listens on it" };
  if (TLS.test(code)) return { is: "tls", because: messageOf(error) };
  if (code.startsWith("HPE_") || code === "ENOTSOCK" || code === "ERR_HTTP2_ERROR") {
    return { is: "not-engine", because: "what answers does not speak an engine's language" };
  }
  if (code === "ECONNRESET" || code === "EPIPE") {
    return { is: "not-engine", because: "it hung up without an answer" };
  }
  return { is: "unreachable", because: code === "" ? messageOf(error) : code };
}

/** Reads what answered `/version`. https://docs.docker.com/reference/api/engine/ */
export function judgeAnswer(status: number, body: string): Found {
  if (status === 400 && body.includes("HTTPS")) {
    return { is: "tls", because: "it wants TLS, and the settings do not say so" };
  }
  if (status === 401 || status === 403) return { is: "refused", because: `it answers ${status}` };
  const version = status === 200 ? versionIn(body) : undefined;
  return version === undefined
    ? { is: "not-engine", because: `it answers GET /version with ${status}, and no version` }
    : { is: "reachable", version };
}

function versionIn(body: string): string | undefined {
  try {
    const told: unknown = JSON.parse(body);
    const version = isRecord(told) ? (told["Version"] ?? told["ApiVersion"]) : undefined;
    return typeof version === "string" ? version.slice(0, 100) : undefined;
  } catch {
    return undefined;
  }
}

/** Where to ask, as Node.js takes it. */
function optionsOf(endpoint: Server): RequestOptions {
  const { hostname, port } = new URL(endpoint.origin);
  return { host: hostname.replaceAll(/[[\]]/g, ""), port };
}

function begin(where: string | Server): ClientRequest {
  const asked = {
    ...(typeof where === "string" ? { socketPath: where } : optionsOf(where)),
    path: "/version",
    agent: false,
    headers: { host: "engine" },
  };
  return typeof where !== "string" && where.tls !== undefined
    ? httpsRequest({ ...asked, ...readTls(where.tls) })
    : httpRequest(asked);
}

/** Asks an engine of Docker's API who it is, which is all that is asked. */
function askVersion(asking: ClientRequest, patienceMs: number): Promise<Found> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve({ is: "silent", because: `no answer within ${patienceMs / 1000} s` });
      asking.destroy();
    }, patienceMs);
    asking.once("close", () => clearTimeout(timer));
    asking.on("error", (error) => resolve(failureOf(error)));
    asking.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("error", (error) => resolve(failureOf(error)));
      response.on("data", (piece: string) => {
        body += piece;
        if (body.length > LARGEST) response.destroy();
      });
      response.on("close", () => resolve(judgeAnswer(response.statusCode ?? 0, body)));
    });
    asking.end();
  });
}

/** Waits for the first word that every server of gRPC says; asks for nothing. */
function greet(socket: string, patienceMs: number): Promise<Found> {
  return new Promise((resolve) => {
    const session = connectHttp2("http://localhost", { createConnection: () => connect(socket) });
    const end = (found: Found): void => {
      clearTimeout(timer);
      resolve(found);
      session.destroy();
    };
    const timer = setTimeout(
      () => end({ is: "silent", because: `no answer within ${patienceMs / 1000} s` }),
      patienceMs,
    );
    session.on("error", (error) => end(failureOf(error)));
    session.once("close", () => end({ is: "not-engine", because: "it hung up without an answer" }));
    session.once("remoteSettings", () => end({ is: "reachable", version: undefined }));
  });
}

/** Whether a folder on the way to a socket may not be entered. */
function isHidden(socket: string): boolean {
  try {
    statSync(socket);
    return false;
  } catch (error) {
    return codeOf(error) === "EACCES";
  }
}

/** Finds out how an engine stands; never throws, and takes no longer than its patience. */
export async function probeEngine(
  { endpoint, others, speaks }: Pick<EnginePlace, "endpoint" | "others" | "speaks">,
  patienceMs: number = PATIENCE_MS,
): Promise<Found> {
  try {
    if (speaks === "grpc" && "sockets" in endpoint) {
      return await greet(endpoint.sockets[0] ?? "/", patienceMs);
    }
    if (!("sockets" in endpoint)) return await askVersion(begin(endpoint), patienceMs);
    const socket = findSocket(endpoint.sockets, others);
    if (socket !== undefined) return await askVersion(begin(socket), patienceMs);
    const isOfOther = findSocket(endpoint.sockets) !== undefined;
    if (!isOfOther && endpoint.sockets.some(isHidden)) return { is: "refused", because: "EACCES" };
    return {
      is: "absent",
      because: isOfOther ? "the socket is another engine's" : "there is no such socket",
    };
  } catch (error) {
    // A file for TLS has gone or is none any more.
    return failureOf(error);
  }
}
