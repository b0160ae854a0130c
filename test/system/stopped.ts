import { readFile } from "node:fs/promises";

import type { Child } from "../testbed/child.ts";
import { until } from "../testbed/wait.ts";

/** Waits until a workload has done its part and has stopped itself (SIGSTOP): nothing of it moves then. */
export async function stopped(child: Child): Promise<void> {
  await until(
    "the workload to stop itself",
    async () => /^State:\s+T/m.test(await readFile(`/proc/${child.pid}/status`, "utf8")),
    { log: () => child.tail(), ended: () => child.ended(), timeoutMs: 60_000 },
  );
}
