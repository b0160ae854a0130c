import { Agent } from "node:http";
import { BlockList, connect, isIP, type Socket, type TcpNetConnectOpts } from "node:net";

import { codeOf } from "../../lib/errors.ts";
import { request, type Response } from "../../lib/http/client.ts";
import { Slice } from "../../lib/slice.ts";
import { version } from "../../lib/version.ts";
import { type Exposed, ExposedFamilies } from "./exposed-families.ts";
import type { Target } from "./target.ts";

/** For the whole answer: its time, and its size when it is unpacked. */
const TIMEOUT_MS = 5000;
const MOST_BYTES = 1024 * 1024;

/** Why a container's metrics could not be had. */
export type Failure =
  | "timeout"
  | "too_large"
  | "redirect"
  | "status"
  | "refused"
  | "unreachable"
  | "malformed"
  | "broken";

const HEADERS = {
  accept: "text/plain;version=0.0.4;q=1,*/*;q=0.1",
  "user-agent": `plimsoll/${version}`,
  "x-prometheus-scrape-timeout-seconds": String(TIMEOUT_MS / 1000),
};

/** Connects to this address and to no other, and lets go of whoever else is at the other end. */
function agentFor({ address, port }: Target): Agent {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  const only = new BlockList();
  only.addAddress(address, family);
  // Set on the agent itself, as one of its own would look for a proxy.
  return Object.assign(new Agent({ keepAlive: false }), {
    createConnection(options: TcpNetConnectOpts): Socket {
      const socket = connect({ ...options, host: address, port });
      socket.once("connect", () => {
        const { remoteAddress = "", remotePort } = socket;
        if (only.check(remoteAddress, family) && remotePort === port) return;
        socket.destroy(new Error("somebody else answers"));
      });
      return socket;
    },
  });
}

function statusFailure({ status }: Response): Failure | undefined {
  if (status === 200) return undefined;
  return status >= 300 && status < 400 ? "redirect" : "status";
}

async function readFamilies(response: Response, mostSeries: number): Promise<Exposed | Failure> {
  const type = response.headers["content-type"] ?? "";
  const isOpenMetrics = type.startsWith("application/openmetrics-text");
  const families = new ExposedFamilies(isOpenMetrics ? "openmetrics" : "prometheus");
  const decoder = new TextDecoder();
  const slice = new Slice();
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return "too_large";
    families.push(decoder.decode(chunk, { stream: true }));
    if (slice.isOver()) await slice.next();
  }
  const exposed = families.finish(mostSeries);
  const isNothing = exposed.families.length === 0 && exposed.dropped.has("malformed");
  return isNothing ? "malformed" : exposed;
}

const FAILURES: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: "refused",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
};

/** The nearest code in an error's causes. */
function failureOf(error: unknown): Failure {
  for (let at = error; at instanceof Error; at = at.cause) {
    const failure = FAILURES[codeOf(at) ?? ""];
    if (failure !== undefined) return failure;
  }
  return "broken";
}

/**
 * Asks a container for its own metrics, at its own address; follows nothing, and takes no more than
 * was agreed. Never throws; a signal that ends it makes it `broken`.
 */
export async function scrape(
  target: Target,
  mostSeries: number,
  signal: AbortSignal,
  timeoutMs: number = TIMEOUT_MS,
): Promise<Exposed | Failure> {
  const { address, port, path } = target;
  const host = isIP(address) === 6 ? `[${address}]` : address;
  const late = AbortSignal.timeout(timeoutMs);
  const agent = agentFor(target);
  const ended = new AbortController();
  try {
    const response = await request(`http://${host}:${port}${path}`, {
      // Both are bounded here, to tell them from other failures.
      timeoutMs: timeoutMs * 2,
      maxBytes: MOST_BYTES * 2,
      headers: HEADERS,
      agent,
      signal: AbortSignal.any([signal, late, ended.signal]),
    });
    const failure = statusFailure(response);
    if (failure === undefined) return await readFamilies(response, mostSeries);
    // Leaving at the first piece frees the connection.
    for await (const piece of response.body) if (piece.length >= 0) break;
    return failure;
  } catch (error) {
    return late.aborted ? "timeout" : failureOf(error);
  } finally {
    // A body that nobody wants to the end.
    ended.abort();
    agent.destroy();
  }
}
