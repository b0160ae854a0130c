// Keeps what an agent has sampled, from beside it: `node feed-recorder.mjs URL FILE`. It asks each
// half second for what is new and appends the answers as they are. What was sampled between its
// last question and a kill of the agent is in nobody's hands.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const [, , url, file] = process.argv;
const EVERY_MS = 500;
const TIMEOUT_MS = 4000;
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
let cursor;

async function askOnce() {
  const since = cursor === undefined ? "" : `?since=${cursor}`;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`${url}/stats/feed${since}`, { signal });
  const text = await response.text();
  if (!response.ok || !text.endsWith('{"end":true}\n')) return;
  cursor = JSON.parse(text.slice(0, text.indexOf("\n"))).cursor;
  appendFileSync(file, text);
}

console.log("records");
while (!stop.signal.aborted) {
  // An agent that is away is asked again.
  await askOnce().catch(() => undefined);
  await sleep(EVERY_MS, undefined, stop).catch(() => undefined);
}
process.exit(0);
