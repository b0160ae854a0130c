import type { ContainerStats } from "../../wire/stats/answer.ts";

/** The answer of `/stats`. */
export interface Stats {
  readonly node: string;
  readonly time: string;
  readonly containers: readonly ContainerStats[];
}

/** Asks for text; throws with the answer where that is an error. */
export async function ask(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${text.slice(0, 500)}`);
  return text;
}

/** Asks for `/stats` and its relatives. */
export async function askStats(url: string): Promise<Stats> {
  return JSON.parse(await ask(url)) as Stats;
}

/** One container by name; undefined while it is not there. */
export async function askContainer(
  base: string,
  name: string,
): Promise<ContainerStats | undefined> {
  const { containers } = await askStats(`${base}/stats`);
  return containers.find((container) => container.name === name);
}

/** The value of a series whose labels hold all of these; undefined if there is none. */
export function seriesValue(
  page: string,
  family: string,
  labels: readonly string[] = [],
): number | undefined {
  const line = page
    .split("\n")
    .find(
      (candidate) => isOf(candidate, family) && labels.every((label) => candidate.includes(label)),
    );
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
}

function isOf(line: string, family: string): boolean {
  return line.startsWith(`${family}{`) || line.startsWith(`${family} `);
}
