import type { Event } from "../../wire/events/event.ts";
import { until } from "../testbed/wait.ts";

/** Somebody who follows a stream of server-sent events, as a browser does. */
export class EventReader {
  readonly events: Event[] = [];
  /** What else came: `gap`, … */
  readonly others: { readonly event: string; readonly data: string }[] = [];
  /** When each event arrived, Unix milliseconds. */
  readonly arrivedAt: number[] = [];
  lastId = "";
  readonly #stop = new AbortController();
  #reading: Promise<void> = Promise.resolve();

  /** Follows from now on, or from behind an event. */
  static async open(url: string, lastId = ""): Promise<EventReader> {
    const reader = new EventReader();
    const headers = {
      accept: "text/event-stream",
      ...(lastId === "" ? {} : { "last-event-id": lastId }),
    };
    const response = await fetch(url, { headers, signal: reader.#stop.signal });
    if (response.status !== 200 || response.body === null) {
      throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
    }
    reader.#reading = reader.#read(response.body).catch(() => undefined);
    return reader;
  }

  /** Waits for so many events. */
  async has(count: number): Promise<void> {
    await until(`${count} events`, () => this.events.length >= count, {
      log: () => JSON.stringify(this.events.map(({ type, container }) => [type, container?.name])),
    });
  }

  async leave(): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      const messages = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
      rest = messages.pop() ?? "";
      for (const message of messages) this.#take(message);
    }
  }

  #take(message: string): void {
    const fields = new Map(
      message.split("\n").map((line) => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)] as const;
      }),
    );
    const [event, id, data] = [fields.get("event"), fields.get("id"), fields.get("data")];
    if (data === undefined) return;
    if (id === undefined) {
      this.others.push({ event: event ?? "", data });
      return;
    }
    this.lastId = id;
    this.arrivedAt.push(Date.now());
    this.events.push(JSON.parse(data) as Event);
  }
}
