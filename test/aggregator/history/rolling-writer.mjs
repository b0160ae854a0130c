// A program of its own that writes history and rolls it up until it is killed: `node rolling-writer.mjs
// DIRECTORY`. It goes on after the last minute that is stored and says "stored N" after each.
import { createViteServer } from "vitest/node";

const root = new URL("../../../", import.meta.url).pathname;
const vite = await createViteServer({
  root,
  configFile: false,
  logLevel: "error",
  appType: "custom",
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
});
const { openDuckdbHistory } = await vite.ssrLoadModule("/aggregator/history/duckdb.ts");
const { containerOf, everySecond } = await vite.ssrLoadModule("/test/aggregator/fakes/samples.ts");
const logger = { info() {}, warn: console.error, error: console.error };

const start = Date.parse("2026-01-01T00:00:00Z");
let now = start;
const history = await openDuckdbHistory({
  directory: process.argv[2],
  logger,
  retention: 1e12,
  now: () => now,
  tiers: [15_000, 60_000, 600_000].map((width) => ({ width, retention: 1e12 })),
});
const last = history.storedUntil.get("n")?.get("/c0");
const containers = Array.from({ length: 20 }, (_, index) => containerOf(`/c${index}`));
for (let minute = last === undefined ? 0 : Math.ceil((last - start) / 60_000); ; minute++) {
  const values = Array.from({ length: 60 }, () => ({ threads: minute }));
  const begin = start + minute * 60_000;
  history.append(containers.flatMap((container) => everySecond("n", container, begin, values)));
  await history.flush();
  console.log(`stored ${minute}`);
  now = begin + 60_000;
  await history.roll();
}
