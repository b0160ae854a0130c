/**
 * What a sink's queue on disk costs: bytes a second in and out, and how long a restart takes to read
 * again what waits.
 *
 *     npm run bench:queue -- [--megabytes 200] [--parcel 100000] [--directory FOLDER]
 *
 * Bodies hold bytes of chance, so that no filesystem can make less of them. The folder is on the
 * system's temporary one if none is told, which may be memory.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { Queue } from "../aggregator/sinks/queue/queue.ts";
import { createLogger } from "../lib/log.ts";

const { values: given } = parseArgs({
  options: {
    megabytes: { type: "string", default: "200" },
    parcel: { type: "string", default: "100000" },
    directory: { type: "string", default: tmpdir() },
  },
});
const MB = 1e6;
const total = Number(given.megabytes) * MB;
const parcelBytes = Number(given.parcel);
/** As large as one request. */
const LENT_BYTES = 1 << 20;
const MOST_LENT = 10_000;
/** So much is handed in before it is waited for. */
const TURN_BYTES = 4 << 20;

function open(directory: string): Promise<Queue> {
  return Queue.open({
    directory,
    // More than is written, so that nothing has to go.
    limits: { maxBytes: total * 2 + (64 << 20), maxAge: Number.MAX_SAFE_INTEGER },
    now: () => Date.now(),
    logger: createLogger({ level: "warn", format: "text" }),
  });
}

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1000, result };
}

async function fill(queue: Queue): Promise<void> {
  const bodies = Array.from({ length: 16 }, () => randomBytes(parcelBytes));
  for (let bytes = 0, count = 0; bytes < total; count++) {
    const body = bodies[count % bodies.length] ?? randomBytes(parcelBytes);
    queue.append([{ body, points: 1 }], `{"n":{"host-1":[${count},"run",${count}]}}`);
    bytes += body.length;
    // oxlint-disable-next-line no-await-in-loop
    if (bytes % TURN_BYTES < body.length) await queue.flush();
  }
  await queue.flush();
}

async function drain(queue: Queue): Promise<void> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const lent = await queue.lend(LENT_BYTES, MOST_LENT);
    if (lent === undefined) return;
    // oxlint-disable-next-line no-await-in-loop
    await queue.done(lent, lent.records.length);
  }
}

const folder = await mkdtemp(join(given.directory, "plimsoll-bench-queue-"));
try {
  const queue = await open(folder);
  const filled = await timed(() => fill(queue));
  const { waitingBytes } = queue.state();
  const cpu = process.cpuUsage();
  await queue.close();
  const opened = await timed(() => open(folder));
  const { user, system } = process.cpuUsage(cpu);
  const again = opened.result;
  if (again.state().waitingBytes !== waitingBytes) {
    throw new Error(`${again.state().waitingBytes} of ${waitingBytes} bytes were found again`);
  }
  const drained = await timed(() => drain(again));
  await again.close();
  process.stdout.write(
    `${[
      `waiting: ${(waitingBytes / MB).toFixed(1)} MB in parcels of ${parcelBytes} bytes`,
      `in: ${(waitingBytes / MB / filled.seconds).toFixed(0)} MB/s`,
      `opened again in ${opened.seconds.toFixed(2)} s (CPU ${((user + system) / MB).toFixed(2)} s)`,
      `out: ${(waitingBytes / MB / drained.seconds).toFixed(0)} MB/s`,
      `memory at most: ${(process.resourceUsage().maxRSS / 1000).toFixed(0)} MB`,
    ].join("\n")}\n`,
  );
} finally {
  await rm(folder, { recursive: true });
}
