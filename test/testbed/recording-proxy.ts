import http from "node:http";
import path from "node:path";

import { removeRun } from "./leftovers.ts";
import { openRunFolder } from "./run-folder.ts";

/** A proxy before an engine's socket that lets only some calls pass, as a read-only socket proxy does. */
export interface RecordingProxy {
  readonly socket: string;
  /** `GET /containers/json`: method and path of every call since the last `forget`, in order, without filters. */
  calls(): readonly string[];
  /** Those that were answered 403. */
  refused(): readonly string[];
  forget(): void;
  close(): Promise<void>;
}

/**
 * Stands between a client and an engine's socket.
 * @param allows whether a call may pass, by its method and its path without a query
 */
export async function startRecordingProxy(
  target: string,
  allows: (call: string) => boolean,
): Promise<RecordingProxy> {
  const run = await openRunFolder();
  const socket = path.join(run.path, "proxy.sock");
  let calls: string[] = [];
  let refused: string[] = [];
  const server = http.createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const call = `${method} ${url.replace(/\?.*/, "")}`;
    calls.push(call);
    if (!allows(call)) {
      refused.push(call);
      response.writeHead(403, { "content-type": "text/html" }).end("<h1>403 Forbidden</h1>");
      return;
    }
    const passed = http.request({ socketPath: target, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    response.on("close", () => passed.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    calls: () => calls,
    refused: () => refused,
    forget() {
      calls = [];
      refused = [];
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await removeRun(run.name);
    },
  };
}
