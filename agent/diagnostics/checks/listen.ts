import { join } from "node:path";

import { parseAddress } from "../../../lib/config/address.ts";
import { type Check, told } from "../finding.ts";
import { textAt } from "../host-files.ts";

const LISTENING = "0A";

/** The ports that somebody listens on in a text of `/proc/net/tcp`. https://docs.kernel.org/networking/proc_net_tcp.html */
export function parseListening(text: string): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const line of text.split("\n").slice(1)) {
    const [, local, , state] = line.trim().split(/\s+/);
    const port = local?.split(":").at(-1);
    if (state === LISTENING && port !== undefined) ports.add(Number.parseInt(port, 16));
  }
  return ports;
}

/** Whether the agent's port is free. */
export const listenPort: Check = {
  subject: "listen",
  find({ listen, procRoot }) {
    const port = listen === undefined ? undefined : parseAddress(listen)?.port;
    if (port === undefined) return [];
    const taken = ["tcp", "tcp6"].some((name) =>
      parseListening(textAt(join(procRoot, "self/net", name))).has(port),
    );
    return [
      taken
        ? told(
            "listen",
            "note",
            `somebody listens on port ${port}: an agent that runs, or another program`,
            `ask an agent with plimsoll doctor --url http://127.0.0.1:${port}, or choose another port with --listen`,
          )
        : told("listen", "ok", `port ${port} is free`),
    ];
  },
};
