// A program of its own that writes history until it is killed: `node writer.mjs DIRECTORY`.
// It says "stored N" after each second that is safe, and "refused MESSAGE" if it may not begin.
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
const logger = { info() {}, warn() {}, error: (fields) => console.log("error", fields) };

try {
  const history = await openDuckdbHistory({
    directory: process.argv[2],
    logger,
    retention: 1e12,
    now: Date.now,
  });
  const start = Date.parse("2026-01-01T00:00:00Z");
  const containers = Array.from({ length: 50 }, (_, index) => containerOf(`/c${index}`));
  for (let second = 0; ; second++) {
    const time = start + second * 1000;
    const until = { run: "run1", tick: second };
    history.append(
      containers
        .flatMap((container) => everySecond("n", container, time, [{ threads: second }]))
        .map((stretch) => ({ ...stretch, until })),
    );
    await history.flush();
    console.log(`stored ${second}`);
  }
} catch (error) {
  console.log(`refused ${error.message}`);
}
process.exit(0);
