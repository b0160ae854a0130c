import { parentPort, workerData } from "node:worker_threads";

import { startStandInEngine } from "../test/testbed/stand-in-engine.ts";

/** The engine of `bench:events-load`, in a thread of its own: it tells events once it is told to. */

const { perSecond, seconds } = workerData as { perSecond: number; seconds: number };
const engine = await startStandInEngine();
parentPort?.on("message", () => {
  void engine.tell(perSecond, seconds).then((told) => parentPort?.postMessage({ told }));
});
parentPort?.postMessage({ host: engine.host });
