import { connect, createServer, type Socket } from "node:net";

/** A TCP relay that can hold back what it hands on, as a long or a bad line does. */
export interface SlowRelay {
  /** `http://127.0.0.1:…`, where it listens. */
  readonly url: string;
  /** Holds back everything from now on for so long, in both directions. */
  setDelay(milliseconds: number): void;
  close(): Promise<void>;
}

/** Where a relay hands its connections on to. */
interface RelayEnd {
  readonly host: string;
  readonly port: number;
}

/** Relays connections of this machine to an address, at first without delay. */
export async function startSlowRelay(end: RelayEnd): Promise<SlowRelay> {
  let delay = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(end.port, end.host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      handOn(from, to, () => delay);
      from.on("close", () => sockets.delete(from));
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("cannot listen");
  return {
    url: `http://127.0.0.1:${address.port}`,
    setDelay(milliseconds) {
      delay = milliseconds;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

/** In order, even if the delay changes in between; the end comes as late as the rest. */
function handOn(from: Socket, to: Socket, delay: () => number): void {
  let due = 0;
  const later = (work: () => void): void => {
    due = Math.max(due, performance.now() + delay());
    setTimeout(work, due - performance.now());
  };
  from.on("data", (piece) => later(() => void to.write(piece)));
  from.on("end", () => later(() => void to.end()));
  from.on("error", () => later(() => void to.destroy()));
  from.on("close", () => later(() => to.destroySoon()));
}
