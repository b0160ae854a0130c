import type { ContainerStats } from "../../wire/stats/answer.ts";
import { COLUMNS } from "./columns.ts";
import type { Selection } from "./view.ts";

/** What `GET /stats` answers. */
export interface Answer {
  /** The cluster's name. */
  readonly node: string;
  /** RFC 3339, by the server's clock. */
  readonly time: string;
  readonly interval_seconds: number;
  readonly containers: readonly ContainerStats[];
}

function isAnswer(value: unknown): value is Answer {
  return (
    typeof value === "object" &&
    value !== null &&
    "containers" in value &&
    Array.isArray(value.containers)
  );
}

/** The reason that the body of an error gives, or its status. */
async function readError(response: Response): Promise<Error> {
  const body: unknown = await response.json().catch(() => undefined);
  const told =
    typeof body === "object" && body !== null && "message" in body ? body.message : undefined;
  const status = `HTTP ${response.status}`;
  return new Error(
    typeof told === "string" ? `${told} (${status})` : `the server answered ${status}`,
  );
}

/** Paths are relative, so that the page also works below a proxy's prefix. */
async function ask(path: string, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(path, { signal, headers: { accept: "application/json" } }).catch(
    (error: unknown) => {
      throw signal.aborted ? signal.reason : new Error("cannot reach the server", { cause: error });
    },
  );
  if (!response.ok) throw await readError(response);
  const answer: unknown = await response.json();
  if (isAnswer(answer)) return answer;
  throw new Error("the answer is not one of /stats");
}

const tableMetrics = COLUMNS.flatMap((column) =>
  column.kind === "stat" ? [column.stat.name] : [],
);

/** Asks for the newest values of everything, and the last minute summed up. */
export function readTable(signal: AbortSignal): Promise<Answer> {
  const query = new URLSearchParams({
    window: "60s",
    stat: "avg,max",
    metrics: tableMetrics.join(","),
  });
  return ask(`stats?${query.toString()}`, signal);
}

/** Asks for one container's series from `start` on: Unix seconds, or a span such as `-1h`. */
export function readHistory(
  { id, node }: Selection,
  start: string,
  step: string,
  metrics: readonly string[],
  signal: AbortSignal,
): Promise<Answer> {
  const query = new URLSearchParams({ start, step, stat: "avg,max", metrics: metrics.join(",") });
  if (node !== undefined) query.set("node", node);
  return ask(`stats/${encodeURIComponent(id)}?${query.toString()}`, signal);
}
