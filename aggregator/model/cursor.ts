/** A place in what an agent samples: every pass of one life of it, up to and with this one. */
export interface Cursor {
  /** Name of the agent's life. */
  readonly run: string;
  /** Number of the pass. */
  readonly tick: number;
}

/** Up to where each node's samples are safe. */
export type StoredCursors = ReadonlyMap<string, Cursor>;

/** Understands a cursor as agents write it; undefined if it is none. */
export function parseCursor(text: string): Cursor | undefined {
  const [, run, digits] = /^([^-]+)-(\d{1,15})$/.exec(text) ?? [];
  return run === undefined ? undefined : { run, tick: Number(digits) };
}

/** Whether everything up to `other` is among what `cursor` stands for. */
export function reaches(cursor: Cursor | undefined, other: Cursor): boolean {
  return cursor !== undefined && cursor.run === other.run && cursor.tick >= other.tick;
}
