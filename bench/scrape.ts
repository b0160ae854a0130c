/** How long scrapes took, and what they brought. */
export interface ScrapeCost {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly lines: number;
  readonly bytes: number;
  readonly text: string;
}

function rank(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

/** Asks an address again and again, one request after the other, each in another second. */
export async function scrape(url: string, times: number): Promise<ScrapeCost> {
  const durations: number[] = [];
  let text = "";
  for (let count = 0; count < times; count++) {
    const start = performance.now();
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    text = await response.text();
    durations.push(performance.now() - start);
    // A later second, at another part of it: the answer is not one that was kept.
    await new Promise((resolve) => setTimeout(resolve, 1130));
  }
  const sorted = durations.toSorted((a, b) => a - b);
  return {
    medianMs: rank(sorted, 0.5),
    p99Ms: rank(sorted, 0.99),
    lines: text.split("\n").length - 1,
    bytes: Buffer.byteLength(text),
    text,
  };
}
