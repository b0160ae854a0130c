import { understand } from "../../lib/journal/logged.ts";
import type { Segments } from "../../lib/journal/segments.ts";
import type { NewEvent } from "../../wire/events/event.ts";
import type { NodeTurn } from "./node-watch.ts";

/** What a log of the cluster says about how things stood when it ended. */
export interface Remembered {
  /** The last event of each node that was taken over, by the node's own id. */
  readonly positions: Map<string, string>;
  /** How each node was last. */
  readonly nodes: Map<string, NodeTurn>;
  /** How many containers each service had, where it was scaled. */
  readonly counts: Map<string, number>;
  /** Marks of what orchestrators have told. */
  readonly marks: Set<string>;
}

/** Orchestrators forget what they tell sooner than so many events later. */
const MOST_MARKS = 100_000;

/** Reads the log back to its beginning. */
export async function remember(segments: Segments | undefined): Promise<Remembered> {
  const found: Remembered = {
    positions: new Map(),
    nodes: new Map(),
    counts: new Map(),
    marks: new Set(),
  };
  if (segments === undefined) return found;
  for await (const lines of segments.read(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)) {
    for (const line of lines.toReversed()) note(found, understand<NewEvent>(line).event);
  }
  return found;
}

/** Takes an event over; what was found already is newer. */
function note({ positions, nodes, counts, marks }: Remembered, event: NewEvent): void {
  const { node, type, source_id: id, details } = event;
  if (id !== undefined && !positions.has(node)) positions.set(node, id);
  if ((type === "node_up" || type === "node_down") && !nodes.has(node)) {
    nodes.set(node, { isUp: type === "node_up", since: Date.parse(event.time) });
  }
  const { group, to, mark } = details;
  if (mark !== undefined && marks.size < MOST_MARKS) marks.add(mark);
  if (type === "service_scaled" && group !== undefined && typeof to === "number") {
    if (!counts.has(group)) counts.set(group, to);
  }
}
