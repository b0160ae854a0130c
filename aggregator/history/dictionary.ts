import type { DuckDBConnection } from "@duckdb/node-api";

import type { Container } from "../../wire/container.ts";
import type { StoredUntil } from "../model/batch.ts";
import type { Known } from "./history.ts";
import { RAW, tableOf, WIDTHS } from "./tiers.ts";

/** A line of the table `containers`. */
export interface Entry extends Known {
  /** The container as JSON, to tell whether it has changed. */
  readonly identity: string;
}

/** The numbers of the containers: what the table `containers` says, in memory. */
export class Dictionary {
  readonly #byKey = new Map<number, Entry>();
  readonly #byName = new Map<string, Entry>();
  #next = 1;

  /** The number that the next new container gets. */
  get next(): number {
    return this.#next;
  }

  /** A container by its number. */
  get(key: number): Entry | undefined {
    return this.#byKey.get(key);
  }

  /** A container by where it runs. */
  find(node: string, cgroup: string): Entry | undefined {
    return this.#byName.get(nameOf(node, cgroup));
  }

  /** Adds an entry, or puts it in the place of the one with the same number. */
  put(entry: Entry): void {
    this.#byKey.set(entry.key, entry);
    this.#byName.set(nameOf(entry.node, entry.container.id), entry);
    this.#next = Math.max(this.#next, entry.key + 1);
  }

  /** Takes an entry out. */
  remove(key: number): void {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return;
    this.#byKey.delete(key);
    this.#byName.delete(nameOf(entry.node, entry.container.id));
  }
}

// No node's name has a NUL in it.
function nameOf(node: string, cgroup: string): string {
  return `${node}\0${cgroup}`;
}

/** Reads the table `containers`. */
export async function readDictionary(connection: DuckDBConnection): Promise<Dictionary> {
  const dictionary = new Dictionary();
  const reader = await connection.runAndReadAll("SELECT id, node, identity FROM containers");
  for (const [id, node, text] of reader.getRows()) {
    const identity = String(text);
    // Nobody but us has written it.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const container = JSON.parse(identity) as Container;
    dictionary.put({ key: Number(id), node: String(node), container, identity });
  }
  return dictionary;
}

/** Whichever tiers are kept. */
function lastTimes(): string {
  const ofTiers = WIDTHS.map(
    (width) =>
      `SELECT container, ${width === RAW ? "time" : "last_time"} AS time FROM ${tableOf(width)}`,
  );
  return ofTiers.join(" UNION ALL ");
}

/**
 * Reads the newest sample of each container. Agents keep a minute, so only those of the last hour
 * of each node matter.
 */
export async function readStoredUntil(
  connection: DuckDBConnection,
  dictionary: Dictionary,
): Promise<StoredUntil> {
  const reader = await connection.runAndReadAll(
    // Each node by its own newest sample: the clock of another one may be wrong.
    `WITH newest AS (SELECT container, max(time) AS time FROM (${lastTimes()}) GROUP BY container)
     SELECT container, epoch_us(newest.time) FROM newest JOIN containers ON id = container
     QUALIFY newest.time > max(newest.time) OVER (PARTITION BY node) - INTERVAL 1 HOUR`,
  );
  const stored = new Map<string, Map<string, number>>();
  for (const [key, micros] of reader.getRows()) {
    const entry = dictionary.get(Number(key));
    if (entry === undefined) continue;
    const ofNode = stored.get(entry.node) ?? new Map<string, number>();
    ofNode.set(entry.container.id, Number(micros) / 1000);
    stored.set(entry.node, ofNode);
  }
  return stored;
}
