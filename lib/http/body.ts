import type { IncomingMessage } from "node:http";
import { PassThrough, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

import { codeOf } from "../errors.ts";

/**
 * The body of a message, unpacked, at most `maxBytes` of it. Throws when there is more, when the message
 * ends before its end, and when the signal is given. Leaving early gives the connection up.
 */
export function readBody(
  message: IncomingMessage,
  maxBytes: number,
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  const packing = message.headers["content-encoding"] ?? "identity";
  if (packing !== "identity" && packing !== "gzip") {
    message.destroy();
    throw new Error(`the answer is packed as ${packing}, which was not asked for`);
  }
  const unpack = packing === "gzip" ? createGunzip() : new PassThrough();
  // An error of either end destroys the other; the loop below throws it, so there is nothing to do.
  pipeline(message, unpack, () => undefined);
  const stop = (): void => {
    const { reason } = signal;
    unpack.destroy(reason instanceof Error ? reason : new Error("called off"));
  };
  // From now on and not from the first read on: a body that nobody reads must end in time too.
  unpack.on("error", () => undefined);
  signal.addEventListener("abort", stop, { once: true });
  unpack.once("close", () => signal.removeEventListener("abort", stop));
  if (signal.aborted) stop();
  return limited(unpack, maxBytes);
}

async function* limited(stream: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
      yield chunk;
    }
  } catch (error) {
    // Node says no more than "aborted".
    if (codeOf(error) !== "ECONNRESET") throw error;
    throw new Error("the connection broke off in the middle of the answer", { cause: error });
  }
}
