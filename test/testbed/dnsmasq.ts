import { Resolver } from "node:dns/promises";
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { startChild, type Child } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { freePort } from "./port.ts";
import { openRunFolder } from "./run-folder.ts";
import { until } from "./wait.ts";

/** A DNS server (dnsmasq) of a test's own, which knows the names below `test.` and refuses others. */
export interface Dnsmasq {
  /** `127.0.0.1:PORT`. */
  readonly server: string;
  /** Starts it anew with these records: lines such as `host-record=web.test,127.0.0.1`. */
  serve(records: readonly string[]): Promise<void>;
  /** Stops it: nobody answers at its port. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Makes one that does not run yet. */
export async function openDnsmasq(): Promise<Dnsmasq> {
  const run = await openRunFolder();
  const port = await freePort();
  const server = `127.0.0.1:${port}`;
  let child: Child | undefined;

  async function stop(): Promise<void> {
    await child?.stop();
    child = undefined;
  }

  return {
    server,
    stop,
    async serve(records) {
      await stop();
      const config = path.join(run.path, "dnsmasq.conf");
      const lines = ["local=/test/", "txt-record=ready.test,yes", ...records];
      await writeFile(config, `${lines.join("\n")}\n`);
      const started = await startChild({
        command: commandPath("dnsmasq"),
        args: [
          "--keep-in-foreground",
          "--no-resolv",
          "--no-hosts",
          "--bind-interfaces",
          "--listen-address=127.0.0.1",
          `--port=${port}`,
          `--conf-file=${config}`,
          "--pid-file=",
          "--log-facility=-",
          "--user=",
        ],
        env: run.env,
      });
      child = started;
      const ready = async (): Promise<boolean> => {
        const resolver = new Resolver({ timeout: 200, tries: 1 });
        resolver.setServers([server]);
        return (await resolver.resolveTxt("ready.test")).length > 0;
      };
      await until("dnsmasq to answer", ready, {
        log: () => started.tail(),
        ended: () => started.ended(),
      });
    },
    async close() {
      await stop();
      await removeRun(run.name);
    },
  };
}
