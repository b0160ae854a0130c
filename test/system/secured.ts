import https from "node:https";
import { connect, type TLSSocket } from "node:tls";

/** How a test shows itself. */
export interface Shown {
  readonly authorization?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly method?: string;
}

/** What came back. */
export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const PATIENCE_MS = 20_000;

/** Asks over TLS on a connection of its own; only the beginning of a stream is waited for. */
export function askSecured(url: string, shown: Shown): Promise<Told> {
  const { authorization, ca, cert, key, method } = shown;
  return new Promise((resolve, reject) => {
    const request = https.request(
      url,
      {
        agent: false,
        timeout: PATIENCE_MS,
        ...(method === undefined ? {} : { method }),
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert, key }),
        headers: authorization === undefined ? {} : { authorization },
      },
      (response) => {
        const { statusCode: status = 0, headers } = response;
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("error", reject).on("end", () => resolve({ status, headers, body }));
        if (headers["content-type"] === "text/event-stream") {
          resolve({ status, headers, body });
          request.destroy();
        }
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", reject).end();
  });
}

/** `Basic` in a header. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** Sends bytes as they are, and gives back all that comes until the server ends the connection. */
export async function talkSecured(port: number, ca: string, bytes: string): Promise<string> {
  const socket = await openSecured(port, ca);
  socket.write(bytes, "latin1");
  return new Promise((resolve) => {
    let text = "";
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on("data", (data: Buffer) => (text += data.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

/** A connection that says nothing yet. */
export function openSecured(port: number, ca: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", ca }, () => resolve(socket));
    socket.on("error", reject);
  });
}
