import { at, textAt } from "../../lib/json-at.ts";
import { isRecord } from "../../lib/record.ts";
import { type Event, EVENT_TYPES } from "./event.ts";

/**
 * An event as another program has told it, or undefined if it is none: of another shape, or of a
 * type that this version does not know.
 */
export function parseEvent(text: string): Event | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isEvent(value) ? value : undefined;
}

/** Ids have no blank in them; where they are kept, one ends them. */
const ID = /^[0-9a-z]{1,40}(?:-[0-9a-z]{1,40}){0,3}$/;

/** Whether it has what everybody relies on; what only some types have is shown as it came. */
function isEvent(value: unknown): value is Event {
  const container = at(value, "container");
  const moments = at(value, "moments");
  return (
    isRecord(value) &&
    ID.test(textAt(value, "id")) &&
    typeof value["node"] === "string" &&
    EVENT_TYPES.some((type) => type === value["type"]) &&
    /^\d{4}-\d\d-\d\dT/.test(textAt(value, "time")) &&
    !Number.isNaN(Date.parse(textAt(value, "time"))) &&
    isRecord(value["details"]) &&
    (container === undefined || isSubject(container)) &&
    (moments === undefined || isRecord(moments))
  );
}

function isSubject(value: unknown): boolean {
  const texts = [at(value, "labels"), at(value, "groups")];
  return (
    typeof at(value, "name") === "string" &&
    ["id", "container_id", "image", "runtime"].every((name) => isTextOrNothing(at(value, name))) &&
    texts.every((of) => isRecord(of) && Object.values(of).every((text) => typeof text === "string"))
  );
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
