import type { Packed } from "./packed.ts";
import type { SegmentLine } from "./segment-lines.ts";

/** What can be put down: it says when it happened. */
export interface Timed {
  /** RFC 3339. */
  readonly time: string;
}

/** What was put down, with its place. */
export type Entry<Body> = Body & {
  /** Sorts as entries were put down, as text. */
  readonly id: string;
};

/** An entry as it is handed on. */
export interface Logged<Body> {
  readonly event: Entry<Body>;
  /** The same as JSON. */
  readonly text: string;
  /** The minute before it, which only few ask for. */
  readonly moments: Packed | undefined;
}

/** An entry as it is written down. */
export function toLine<Body extends Timed>({ event, text, moments }: Logged<Body>): SegmentLine {
  const whole = moments === undefined ? text : `${text.slice(0, -1)},"moments":"${moments}"}`;
  return { id: event.id, time: Date.parse(event.time), text: whole };
}

/** Undoes `toLine`. */
export function understand<Body>({ text }: Pick<SegmentLine, "text">): Logged<Body> {
  // A checksum says that it is what was written.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const whole = JSON.parse(text) as Entry<Body> & { moments?: Packed };
  const { moments, ...rest } = whole;
  if (moments === undefined) return { event: whole, text, moments };
  // All of it but the moments, which are no part of a body.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { event: rest as unknown as Entry<Body>, text: JSON.stringify(rest), moments };
}
