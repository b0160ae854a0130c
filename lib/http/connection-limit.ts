import type { Server } from "node:http";

/** Ends a new connection at once if its address has so many already. */
export function limitConnections(server: Server, most: number): void {
  const open = new Map<string, number>();
  server.prependListener("connection", (socket) => {
    const address = socket.remoteAddress ?? "";
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > most) socket.destroy();
  });
}
