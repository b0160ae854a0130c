import type { FastifyInstance, FastifyRequest } from "fastify";

import { RestError } from "./errors.ts";

const MOST_BYTES = 1_048_576;

/** Bodies of these the server does not read by itself. */
const UNREAD = ["GET", "HEAD", "TRACE"];

/** Takes bodies of whatever type as text: clients name any, or none. */
export function takeAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
}

/** The body of a request of any method. @throws RestError with 413 if it is larger than 1 MiB */
export async function bodyOf({ method, headers, raw, body }: FastifyRequest): Promise<string> {
  if (typeof body === "string") return body;
  const { "content-length": length = "0", "transfer-encoding": encoding } = headers;
  if (!UNREAD.includes(method) || (length === "0" && encoding === undefined)) return "";
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of raw as AsyncIterable<Buffer | string>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new RestError("the body is larger than 1 MiB", 413);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString("utf8");
}
