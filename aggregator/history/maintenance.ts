import type { DuckDBConnection } from "@duckdb/node-api";

import { forgetCursors } from "./cursors.ts";
import type { Database } from "./database.ts";
import { timestamp } from "./sql.ts";

/** Moves what the log holds into the file itself. */
export async function checkpoint(connection: DuckDBConnection): Promise<void> {
  await connection.run("CHECKPOINT");
}

/** Removes samples from before a time (Unix milliseconds), and containers that have none left. */
export async function forgetBefore(
  { writer: connection, dictionary, cursors }: Pick<Database, "writer" | "dictionary" | "cursors">,
  time: number,
): Promise<void> {
  await connection.run(`DELETE FROM samples WHERE time < ${timestamp(time)}`);
  const reader = await connection.runAndReadAll(
    `DELETE FROM containers WHERE id NOT IN (SELECT DISTINCT container FROM samples) RETURNING id`,
  );
  for (const [key] of reader.getRows()) dictionary.remove(Number(key));
  await forgetCursors(connection, cursors);
  // Only a checkpoint gives the room of what was removed to what comes.
  await checkpoint(connection);
}
