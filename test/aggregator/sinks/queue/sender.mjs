// A program of its own that queues and sends until it is killed: `node sender.mjs DIRECTORY`.
// It goes on after the last number that its queue says it has taken. Each request is a line of the
// file `requests` in the folder, written before it is done with.
import { appendFileSync } from "node:fs";
import { join } from "node:path";

import { createViteServer } from "vitest/node";

const root = new URL("../../../../", import.meta.url).pathname;
const vite = await createViteServer({
  root,
  configFile: false,
  logLevel: "error",
  appType: "custom",
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
});
const { Queue } = await vite.ssrLoadModule("/aggregator/sinks/queue/queue.ts");
const { Feeder } = await vite.ssrLoadModule("/aggregator/sinks/queue/feeder.ts");
const [, , directory] = process.argv;
const say = (fields) =>
  appendFileSync(join(directory, "complaints"), `${JSON.stringify(fields)}\n`);
const logger = { info: say, warn: say, error: say, debug: say };
const queue = await Queue.open({
  directory: join(directory, "queue"),
  limits: { maxBytes: 1 << 30, maxAge: 1e12 },
  now: Date.now,
  logger,
});
const sink = {
  mostBytes: 1500,
  send: async (bodies) => {
    const numbers = bodies.map((body) => Buffer.from(body).toString().split(";")[0]);
    appendFileSync(join(directory, "requests"), `${numbers.join(" ")}\n`);
  },
};
const feeder = new Feeder(sink, { queue, refused: undefined, logger });
let number = queue.marks.cursorOf("n")?.tick ?? 0;
console.log("started");
for (;;) {
  const parcels = [];
  for (let more = number % 4; more >= 0; more--) {
    parcels.push({ body: Buffer.from(`${++number};${"x".repeat(number % 700)}`), points: 1 });
  }
  queue.append(parcels, JSON.stringify({ n: { n: [Date.now(), "run", number] } }));
  await new Promise((resolve) => setImmediate(resolve));
  if (feeder.trouble !== undefined) say({ trouble: feeder.trouble });
  if (queue.state().waitingPoints > 2000) await new Promise((resolve) => setTimeout(resolve, 5));
}
