import { readJson, type request, type Response } from "../../lib/http/client.ts";
import { at, listAt, textAt } from "../../lib/json-at.ts";
import { type Row, STATS, TRAIL_STATS } from "./row.ts";

/** Asks over HTTP, logged in where that is needed. */
export type Ask = typeof request;

/** A server that answers, and how it tells what is new. */
export interface Server {
  readonly url: string;
  readonly ask: Ask;
  /** By a stream; otherwise it is asked again and again. */
  readonly isStream: boolean;
  /** It tells of several nodes, each container with its own. */
  readonly isCluster: boolean;
  /** Seconds from one sample to the next. */
  readonly interval: number;
}

const FIRST_MS = 5000;
const ANSWER_MS = 30_000;
/** Some ten thousand containers with all that is asked of them. */
const ANSWER_BYTES = 256 * 1024 * 1024;
const CONNECT_MS = 3000;

/** What of `/stats` is asked for. */
export const STATS_QUERY: Readonly<Record<string, string>> = { metrics: STATS.join(",") };

/** The address of a route with its parameters. */
export function addressOf(
  url: string,
  path: string,
  parameters: Readonly<Record<string, string>>,
): URL {
  const address = new URL(`${url.replace(/\/+$/u, "")}${path}`);
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  return address;
}

/** Asks for JSON; `etag` is that of the answer that is known already. */
async function get(
  ask: Ask,
  address: URL,
  options: {
    readonly signal: AbortSignal;
    readonly timeoutMs?: number;
    readonly accept?: string;
    readonly etag?: string;
  },
): Promise<Response> {
  const { signal, timeoutMs = ANSWER_MS, accept = "application/json", etag } = options;
  return ask(address, {
    timeoutMs,
    connectTimeoutMs: CONNECT_MS,
    maxBytes: ANSWER_BYTES,
    signal,
    headers: { accept, ...(etag === undefined ? {} : { "if-none-match": etag }) },
  });
}

async function bodyOf(response: Response, address: URL): Promise<unknown> {
  const answer = await readJson(response);
  if (response.status === 200) return answer;
  const said = textAt(answer, "message").slice(0, 300);
  throw new Error(`${address.origin} answers ${response.status}: ${said}`);
}

/** Finds out what a server is; throws if it doesn't answer, or is none of ours. */
export async function probe(ask: Ask, url: string, signal: AbortSignal): Promise<Server> {
  const few = { metrics: "cpu_cores", limit: "1" };
  const address = addressOf(url, "/stats", { ...few, stat: "max" });
  const answer = await bodyOf(await get(ask, address, { signal, timeoutMs: FIRST_MS }), address);
  if (!Array.isArray(at(answer, "containers"))) {
    throw new Error(`${address.origin} is neither an aggregator nor an agent`);
  }
  const interval = at(answer, "interval_seconds");
  const response = await get(ask, addressOf(url, "/stats", few), {
    signal,
    timeoutMs: FIRST_MS,
    accept: "text/event-stream",
  });
  // Only its head is of use; leaving the loop ends it.
  for await (const _ of response.body) break;
  const isStream = (response.headers["content-type"] ?? "").startsWith("text/event-stream");
  return {
    url,
    ask,
    isStream,
    isCluster: !isStream || textAt(listAt(answer, "containers")[0], "node") !== "",
    interval: typeof interval === "number" && interval > 0 ? interval : 1,
  };
}

/** A whole answer of `/stats`; undefined where nothing is new since the one with that ETag. */
export async function askStats(
  { url, ask }: Server,
  signal: AbortSignal,
  etag?: string,
): Promise<{ readonly answer: unknown; readonly etag?: string } | undefined> {
  // The window is not wanted; one way to sum it up is the least that can be asked for.
  const address = addressOf(url, "/stats", { ...STATS_QUERY, stat: "max" });
  const response = await get(ask, address, { signal, ...(etag === undefined ? {} : { etag }) });
  if (response.status === 304) {
    for await (const _ of response.body) continue;
    return undefined;
  }
  const answer = await bodyOf(response, address);
  const tag = response.headers.etag;
  return { answer, ...(tag === undefined ? {} : { etag: tag }) };
}

/** What each container has used of the CPU in the window. */
export async function askWindow(
  { url, ask, interval }: Server,
  signal: AbortSignal,
): Promise<unknown> {
  const step = `${Math.max(1, Math.round(interval * 1000))}ms`;
  const address = addressOf(url, "/stats", { metrics: "cpu_cores", stat: "avg", step });
  return bodyOf(await get(ask, address, { signal }), address);
}

/** What one container has used of everything in the window. */
export async function askSeries(
  { url, ask, isCluster }: Server,
  row: Row,
  signal: AbortSignal,
): Promise<unknown> {
  const address = addressOf(url, `/stats/${encodeURIComponent(row.id)}`, {
    metrics: TRAIL_STATS.join(","),
    stat: "avg",
    ...(isCluster ? { node: row.node } : {}),
  });
  return bodyOf(await get(ask, address, { signal }), address);
}

/** The newest events: of a container, or of all. */
export async function askEvents(
  { url, ask }: Server,
  { row, limit }: { readonly row?: Row; readonly limit: number },
  signal: AbortSignal,
): Promise<unknown> {
  const container = row === undefined ? {} : { container: row.containerId || row.id };
  const address = addressOf(url, "/events", { ...container, stream: "0", limit: String(limit) });
  return bodyOf(await get(ask, address, { signal }), address);
}
