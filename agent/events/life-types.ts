import type { LIFE_TYPES } from "../../wire/events/event.ts";

/** One of the types that engines tell. */
export type LifeType = (typeof LIFE_TYPES)[number];

const TYPES: ReadonlyMap<string, LifeType> = new Map([
  ["create", "created"],
  ["start", "started"],
  ["die", "died"],
  ["pause", "paused"],
  ["unpause", "resumed"],
  ["rename", "renamed"],
  ["restart", "restarted"],
  ["destroy", "removed"],
  ["health_status", "health_changed"],
  ["update", "limits_updated"],
]);

/** What an engine's word is called here; undefined if it is told by other events. */
export function lifeTypeOf(action: string): LifeType | undefined {
  return TYPES.get(action);
}
