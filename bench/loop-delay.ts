/**
 * Loaded before a program: tells on stderr, when the program ends, for how long its event loop was
 * blocked at most. SIGUSR2 begins anew, so that what happens at the start is left out.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** The timer that it measures with. */
const RESOLUTION_MS = 1;

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
process.on("SIGUSR2", () => delay.reset());
process.on("exit", () => {
  const longest = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  process.stderr.write(`longest block ${longest.toFixed(1)} ms\n`);
});
