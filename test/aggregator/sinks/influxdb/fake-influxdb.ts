import { createServer, type IncomingMessage, type Server } from "node:http";
import { gunzipSync } from "node:zlib";

/** A request as it arrived. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** What is answered to a write, and by which version; undefined: 204. */
export interface FakeAnswers {
  version: string;
  write?: { readonly status: number; readonly body: string; readonly retryAfter?: string };
}

/**
 * Not an InfluxDB: it answers as the public documentation of its HTTP API says, for the versions and the
 * failures that no real server here can be brought to.
 */
export interface FakeInflux {
  readonly url: string;
  readonly asked: Asked[];
  readonly answers: FakeAnswers;
  close(): Promise<void>;
}

export async function startFakeInflux(version: string): Promise<FakeInflux> {
  const asked: Asked[] = [];
  const answers: FakeAnswers = { version };
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://fake");
      const { authorization } = request.headers;
      const query = Object.fromEntries(searchParams);
      asked.push({ method: request.method ?? "", path: pathname, query, authorization, body });
      response.setHeader("x-influxdb-version", answers.version);
      if (pathname === "/query") return response.end('{"results":[{"statement_id":0}]}');
      const {
        status = 204,
        body: text = "",
        retryAfter,
      } = (pathname === "/write" ? answers.write : undefined) ?? {};
      if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
      return response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${portOf(server)}`, asked, answers, close: () => close(server) };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString();
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
