import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { ConfigError, messageOf } from "../../../lib/errors.ts";
import { readText } from "../../../lib/http/client.ts";
import { openPeer, type Peer } from "../../../lib/http/peer.ts";
import type { Delivery, Parcel, Sink } from "../sink.ts";
import type { SinkSurroundings } from "../surroundings.ts";
import { type Coarser, parseCoarser } from "./coarser.ts";
import { eventLines } from "./event-lines.ts";
import { Intervals } from "./intervals.ts";
import type { Row } from "./node-interval.ts";
import { toParcels } from "./parcels.ts";
import { RowWriter, type Schema } from "./schema.ts";
import { type Server, serverOf } from "./server.ts";
import { setUpDatabase } from "./set-up.ts";
import type { InfluxSettings } from "./settings.ts";
import {
  checkWritten,
  isMissing,
  isUnauthorized,
  reasonIn,
  type WriteAnswer,
} from "./write-answer.ts";

const pack = promisify(gzip);

/** About 8000 points; Heapster sent 10 000. */
const MOST_BYTES = 1024 * 1024;
const TIMEOUT_MS = 30_000;
const MOST_ANSWER_BYTES = 1024 * 1024;
/** After it could not be done. */
const SET_UP_AGAIN_MS = 60_000;

/** How a sink of InfluxDB is made. */
interface InfluxOptions extends SinkSurroundings {
  readonly server: Server;
  readonly schema: Schema;
  readonly intervals: Intervals;
  /** Seconds. */
  readonly retention: number | undefined;
  readonly coarser: readonly Coarser[];
}

/** Opens the sink that the settings ask for. Throws ConfigError; asks nobody yet. */
export async function openInfluxSinks(
  settings: InfluxSettings,
  surroundings: SinkSurroundings,
): Promise<readonly Sink[]> {
  if (settings["influx.url"] === "") return [];
  const { "influx.coarser": coarser, "influx.fields": schema } = settings;
  if (coarser.length > 0 && schema === "fields") {
    throw new ConfigError("influx.coarser", coarser, "needs influx.fields to be value or both");
  }
  const { clusterName, clock, folder = "." } = surroundings;
  const intervals = new Intervals({
    clusterName,
    labels: new Set(settings["influx.labels"]),
    resolution: settings["influx.resolution"] * 1000,
    now: () => clock.now(),
  });
  return [
    new InfluxSink({
      ...surroundings,
      server: serverOf(settings, folder),
      schema,
      intervals,
      retention: settings["influx.retention"],
      coarser: coarser.map(parseCoarser),
    }),
  ];
}

/** Writes to InfluxDB 1 as Heapster does; to later ones by the same route, which they keep for that. */
class InfluxSink implements Sink {
  readonly name = "influxdb";
  readonly takes = ["samples", "events"] as const;
  readonly mostBytes = MOST_BYTES;
  readonly #options: InfluxOptions;
  readonly #peer: Peer;
  readonly #writer: RowWriter;
  /** When the database is looked at next; by the monotonic clock. */
  #setUpAt = Number.NEGATIVE_INFINITY;
  /** InfluxDB 2 and 3 know neither retention policies nor how to make databases. */
  #hasPolicies = true;
  #lastWarning = "";

  constructor(options: InfluxOptions) {
    this.#options = options;
    this.#peer = openPeer(options.server.peer);
    this.#writer = new RowWriter(options.schema);
  }

  encode(delivery: Delivery): readonly Parcel[] {
    const { intervals, clusterName, schema } = this.#options;
    switch (delivery.kind) {
      case "samples":
        return this.#parcelsOf(intervals.take(delivery.batch));
      case "events":
        return toParcels(
          delivery.events.flatMap((event) => eventLines(event, clusterName, schema)),
          MOST_BYTES,
        );
      case "series":
        return [];
    }
  }

  heldSince(node: string): number | undefined {
    return this.#options.intervals.heldSince(node);
  }

  flush(): readonly Parcel[] {
    return this.#parcelsOf(this.#options.intervals.flush());
  }

  async send(bodies: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const body = await pack(Buffer.concat(bodies), { level: 1 });
    if (this.#options.clock.monotonic() >= this.#setUpAt) await this.#setUp(signal);
    const answer = await this.#write(body, signal);
    // With other rights there may be more to set up.
    if (isUnauthorized(answer)) this.#setUpAt = Number.NEGATIVE_INFINITY;
    if (!isMissing(answer)) return checkWritten(answer);
    // Somebody has dropped it; it is made anew, and what waits goes into it.
    await this.#setUp(signal);
    checkWritten(await this.#write(body, signal));
  }

  async close(): Promise<void> {
    this.#peer.close();
  }

  #parcelsOf(rows: readonly Row[]): readonly Parcel[] {
    const lines = rows.flatMap((row) => this.#writer.lines(row));
    return toParcels(lines, MOST_BYTES);
  }

  /** Without the right to do so, what the operator has made is written to; it is tried again later. */
  async #setUp(signal: AbortSignal): Promise<void> {
    const { server, retention, coarser, clock } = this.#options;
    this.#hasPolicies = await this.#isFirstVersion(signal);
    this.#setUpAt = Number.POSITIVE_INFINITY;
    if (!this.#hasPolicies) return;
    try {
      await setUpDatabase({ server, retention, coarser }, signal);
      this.#warn("");
    } catch (error) {
      this.#setUpAt = clock.monotonic() + SET_UP_AGAIN_MS;
      this.#warn(messageOf(error));
    }
  }

  /** Says it once. Of a wrong password the write will tell. */
  #warn(reason: string): void {
    if (reason !== "" && reason !== this.#lastWarning && !reason.includes("authorization failed")) {
      const { server, logger } = this.#options;
      logger.warn({ database: server.database, reason }, "cannot set up InfluxDB's database");
    }
    this.#lastWarning = reason;
  }

  async #isFirstVersion(signal: AbortSignal): Promise<boolean> {
    const { headers, body } = await this.#peer.request(`${this.#options.server.url}/ping`, {
      timeoutMs: TIMEOUT_MS,
      maxBytes: MOST_ANSWER_BYTES,
      signal,
    });
    for await (const _ of body) break;
    const version = String(headers["x-influxdb-version"] ?? "");
    return /^v?1\./u.test(version);
  }

  async #write(body: Buffer, signal: AbortSignal): Promise<WriteAnswer> {
    const { url, database, policy } = this.#options.server;
    const query = new URLSearchParams({
      db: database,
      ...(this.#hasPolicies ? { rp: policy } : {}),
    });
    const response = await this.#peer.request(`${url}/write?${String(query)}`, {
      method: "POST",
      headers: { "content-encoding": "gzip", "content-type": "text/plain; charset=utf-8" },
      body,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MOST_ANSWER_BYTES,
      signal,
    });
    const { "retry-after": retryAfter } = response.headers;
    const reason = reasonIn(await readText(response));
    return { status: response.status, reason, retryAfter };
  }
}
