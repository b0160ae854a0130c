import { startChild, type Child } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { freePort } from "./port.ts";
import { openRunFolder } from "./run-folder.ts";
import { until } from "./wait.ts";

/** A VictoriaMetrics of a test's own, which answers as Prometheus does. */
export interface VictoriaMetrics {
  readonly url: string;
  log(): string;
  /** Ends it in peace, as what it has not written within the last seconds would be lost otherwise. */
  stop(): Promise<void>;
  /** Starts it again after that, at the same address. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Starts VictoriaMetrics on a free port of loopback and waits until it is ready. */
export async function startVictoriaMetrics(): Promise<VictoriaMetrics> {
  const run = await openRunFolder();
  const url = `http://127.0.0.1:${await freePort()}`;
  const start = async (): Promise<Child> => {
    const child = await startChild({
      command: commandPath("victoria-metrics"),
      args: [
        `-storageDataPath=${run.path}/data`,
        `-httpListenAddr=${new URL(url).host}`,
        // What has come is told at once, and as it is stored.
        "-search.latencyOffset=0s",
        "-search.disableCache",
        "-memory.allowedBytes=64MB",
      ],
      env: run.env,
    });
    const ready = async (): Promise<boolean> => (await fetch(`${url}/health`)).ok;
    await until("VictoriaMetrics to be ready", ready, {
      log: () => child.tail(),
      ended: () => child.ended(),
    });
    return child;
  };
  let child: Child;
  try {
    child = await start();
  } catch (error) {
    await removeRun(run.name);
    throw error;
  }
  return {
    url,
    log: () => child.tail(200),
    async stop() {
      await child.stop();
    },
    async restart() {
      child = await start();
    },
    async close() {
      try {
        await child.stop();
      } finally {
        await removeRun(run.name);
      }
    },
  };
}
