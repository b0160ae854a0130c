import type { Server, ServerResponse } from "node:http";

/**
 * Lets a server that closes finish the answers it has begun. Node takes a connection for idle, and
 * cuts it, as soon as an answer was handed over, even if most of it still waits for a slow reader.
 */
export function keepUnderWay(server: Server): void {
  const underWay = new Set<ServerResponse>();
  server.on("request", (_request, response) => {
    underWay.add(response);
    response.once("close", () => underWay.delete(response));
  });
  const closeIdle = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    if (underWay.size === 0) closeIdle();
  };
}
