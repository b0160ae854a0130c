import { type request, type Response, readText } from "./client.ts";

/** A server-sent event. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface Message {
  readonly event: string;
  /** Empty if it has none. */
  readonly id: string;
  readonly data: string;
}

/** How a stream is followed. */
export interface FollowOptions {
  readonly ask: typeof request;
  /** The last message that was taken; empty if there was none. */
  readonly lastId: string;
  readonly signal: AbortSignal;
  /** In characters; a megabyte if not told. */
  readonly longestMessage?: number;
  /** Told when the stream has begun. */
  readonly opened?: () => void;
  /** Takes a message; the next one is read when that is done. */
  readonly take: (message: Message) => Promise<void> | void;
}

/** An answer that is no stream of events. */
export class NotAStream extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const HEAD_MS = 10_000;
const CONNECT_MS = 3000;
/** Three times the pause after which our servers send a comment. */
const SILENCE_MS = 45_000;
/** A minute of a container's samples with all their names is a tenth of it. */
const LONGEST_MESSAGE = 1024 * 1024;
/** Then the stream is taken up anew, which costs nothing. */
const LIFETIME_MS = 3_600_000;
const LIFETIME_BYTES = 1 << 30;
const LONGEST_TEXT = 500;

/** Follows a stream until it ends, which is no failure; throws for everything else. */
export async function follow(url: URL, options: FollowOptions): Promise<void> {
  const { ask, lastId, take } = options;
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(new Error("no answer in time")), HEAD_MS);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(new Error("has fallen silent")), SILENCE_MS);
  };
  try {
    const response = await ask(url, {
      timeoutMs: LIFETIME_MS,
      maxBytes: LIFETIME_BYTES,
      connectTimeoutMs: CONNECT_MS,
      signal: AbortSignal.any([stop.signal, options.signal]),
      headers: {
        accept: "text/event-stream",
        "accept-encoding": "identity",
        ...(lastId === "" ? {} : { "last-event-id": lastId }),
      },
    });
    await refuseOthers(response);
    heard();
    options.opened?.();
    const { longestMessage = LONGEST_MESSAGE } = options;
    for await (const message of messages(response.body, heard, longestMessage)) await take(message);
  } finally {
    clearTimeout(timer);
  }
}

async function refuseOthers(response: Response): Promise<void> {
  const { status, headers } = response;
  const type = (headers["content-type"] ?? "nothing").split(";")[0]?.trim() ?? "";
  if (status === 200 && type === "text/event-stream") return;
  const said = type === "application/json" ? `: ${await readText(response)}` : "";
  for await (const _ of response.body) break;
  const what = status === 200 ? `answers ${type}, no stream of events` : `answers ${status}`;
  throw new NotAStream(status, `${what}${said.slice(0, LONGEST_TEXT)}`);
}

/** The messages of a stream; comments only show that somebody is there. */
async function* messages(
  body: AsyncIterable<Buffer>,
  heard: () => void,
  longest: number,
): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    heard();
    rest += decoder.decode(chunk, { stream: true });
    // A chunk is small beside a message that is too long.
    if (rest.length > longest && !rest.includes("\n\n")) {
      throw new Error(`cannot read a message of more than ${longest} characters`);
    }
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const message = parseMessage(block);
      if (message !== undefined) yield message;
    }
  }
}

function parseMessage(block: string): Message | undefined {
  const fields = new Map<string, string[]>();
  for (const line of block.split(/\r?\n/u)) {
    const match = /^([a-z]+): ?(.*)$/u.exec(line);
    if (match === null) continue;
    const [, name = "", value = ""] = match;
    fields.set(name, [...(fields.get(name) ?? []), value]);
  }
  const data = fields.get("data");
  if (data === undefined) return undefined;
  return {
    event: fields.get("event")?.at(-1) ?? "message",
    id: fields.get("id")?.at(-1) ?? "",
    data: data.join("\n"),
  };
}
