import type { RequestListener } from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import type { SecureContextOptions } from "node:tls";

/** Certificates, and how TLS is spoken. */
export interface ServerTls extends SecureContextOptions {
  /** Ask clients for a certificate, whatever it is. */
  readonly requestCert?: boolean;
  /** Whether Node itself breaks off where the certificate will not do. */
  readonly rejectUnauthorized?: boolean;
  /** Tells who takes up what changes while the server runs. */
  readonly follow?: (take: (changed: SecureContextOptions) => void) => void;
}

/** A server that speaks HTTP over TLS, and ends connections that never come to speak it. */
export function createSecureServer(
  limits: https.ServerOptions,
  { follow, ...tls }: ServerTls,
  listener: RequestListener,
): https.Server {
  const server = https.createServer({ ...limits, ...tls }, listener);
  // Connections that stand keep what they have agreed on.
  follow?.((changed) => server.setSecureContext(changed));
  // An answer to whoever has not ended the handshake would wait for that for ever.
  server.prependListener("tlsClientError", (_error, socket) => socket.destroy());
  closeSilent(server);
  return server;
}

/** Node counts a connection only from the end of its handshake on, but waits for all when it closes. */
function closeSilent(server: https.Server): void {
  const open = new Set<Duplex>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  const closeAll = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    closeAll();
    for (const socket of open) socket.destroy();
  };
}
