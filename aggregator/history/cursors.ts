import { type DuckDBConnection, listValue } from "@duckdb/node-api";

import type { Stretch } from "../model/batch.ts";
import { type Cursor, reaches, type StoredCursors } from "../model/cursor.ts";

/** Reads the table `agents`: up to where each node's samples are stored. */
export async function readCursors(connection: DuckDBConnection): Promise<Map<string, Cursor>> {
  const reader = await connection.runAndReadAll("SELECT node, run, tick FROM agents");
  return new Map(
    reader
      .getRows()
      .map(([node, run, tick]) => [String(node), { run: String(run), tick: Number(tick) }]),
  );
}

/**
 * Writes up to where the nodes of these samples are stored with them, in the transaction that
 * stores them; answers what has changed.
 */
export async function writeCursors(
  connection: DuckDBConnection,
  stored: StoredCursors,
  stretches: readonly Stretch[],
): Promise<ReadonlyMap<string, Cursor>> {
  const changed = new Map<string, Cursor>();
  for (const { node, until } of stretches) {
    // Of several answers the last counts.
    if (until !== undefined && !reaches(stored.get(node), until)) changed.set(node, until);
  }
  const nodes = [...changed.keys()];
  const isStored = (node: string): boolean => stored.has(node);
  await write(connection, UPDATE, nodes.filter(isStored), changed);
  await write(
    connection,
    INSERT,
    nodes.filter((node) => !isStored(node)),
    changed,
  );
  return changed;
}

// One statement for all nodes: there may be a thousand of them every few seconds.
const GIVEN = `SELECT unnest($1::VARCHAR[]) AS node, unnest($2::VARCHAR[]) AS run, unnest($3::VARCHAR[])::BIGINT AS tick`;
const UPDATE = `UPDATE agents SET run = given.run, tick = given.tick FROM (${GIVEN}) AS given WHERE agents.node = given.node`;
const INSERT = `INSERT INTO agents ${GIVEN}`;

async function write(
  connection: DuckDBConnection,
  sql: string,
  nodes: readonly string[],
  cursors: ReadonlyMap<string, Cursor>,
): Promise<void> {
  if (nodes.length === 0) return;
  const values = nodes.map((node) => cursors.get(node) ?? { run: "", tick: 0 });
  await connection.run(sql, [
    listValue(nodes),
    listValue(values.map(({ run }) => run)),
    listValue(values.map(({ tick }) => String(tick))),
  ]);
}

/** Removes the nodes that have no containers any more. */
export async function forgetCursors(
  connection: DuckDBConnection,
  stored: Map<string, Cursor>,
): Promise<void> {
  const reader = await connection.runAndReadAll(
    "DELETE FROM agents WHERE node NOT IN (SELECT node FROM containers) RETURNING node",
  );
  for (const [node] of reader.getRows()) stored.delete(String(node));
}
