import type { Event } from "../../wire/events/event.ts";
import type { PackedMoments } from "./moments.ts";
import type { SegmentLine } from "./segment-lines.ts";

/** An event as it is handed on. */
export interface LoggedEvent {
  readonly event: Event;
  /** The same as JSON. */
  readonly text: string;
  /** The minute before it, which only few ask for. */
  readonly moments: PackedMoments | undefined;
}

/** An event as it is written down. */
export function toLine({ event, text, moments }: LoggedEvent): SegmentLine {
  const whole = moments === undefined ? text : `${text.slice(0, -1)},"moments":"${moments}"}`;
  return { id: event.id, time: Date.parse(event.time), text: whole };
}

/** Undoes `toLine`. */
export function understand({ text }: Pick<SegmentLine, "text">): LoggedEvent {
  // A checksum says that it is what was written.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { moments, ...event } = JSON.parse(text) as Event & { moments?: PackedMoments };
  return { event, text: moments === undefined ? text : JSON.stringify(event), moments };
}
