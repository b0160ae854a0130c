/**
 * JSON as Go's encoding/json writes it, so that those who read cAdvisor byte by byte read us as well.
 * https://pkg.go.dev/encoding/json#Marshal
 */

import { bug } from "../../../lib/errors.ts";

/** A whole number that a double can't hold, by its digits. */
export class RawInteger {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }
}

/**
 * What can be written: an object keeps the order of its keys and loses those that are undefined
 * (`omitempty`), a Map is sorted by its keys, null is what Go has for no list at all.
 */
export type GoValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | RawInteger
  | readonly GoValue[]
  | ReadonlyMap<string, GoValue>
  | GoObject;

/** An object with its keys in the order in which they are to be written. */
export interface GoObject {
  readonly [key: string]: GoValue;
}

/** Escaped so that JSON can stand in HTML and in JavaScript. */
const MUST_ESCAPE = /[<>&\u2028\u2029]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function encodeText(text: string): string {
  return JSON.stringify(text).replace(MUST_ESCAPE, escapeCharacter);
}

function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) return bug(`${value} cannot be written as JSON`);
  // A double prints as few digits as tell it from its neighbours; Go prints an integer whole.
  return Number.isInteger(value) && !Number.isSafeInteger(value)
    ? BigInt(value).toString()
    : String(value);
}

const keys = new Map<string, string>();

/** Keys of structures are few and come again with each sample. */
function encodeKey(key: string): string {
  let text = keys.get(key);
  if (text === undefined) keys.set(key, (text = `${encodeText(key)}:`));
  return text;
}

function encodeMap(map: ReadonlyMap<string, GoValue>): string {
  const entries = [...map].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${entries.map(([key, value]) => `${encodeText(key)}:${encodeGo(value)}`).join(",")}}`;
}

function isMap(value: object): value is ReadonlyMap<string, GoValue> {
  return value instanceof Map;
}

function isList(value: object): value is readonly GoValue[] {
  return Array.isArray(value);
}

function encodeObject(value: GoObject): string {
  let text = "";
  for (const key in value) {
    const member = value[key];
    if (member !== undefined)
      text += `${text === "" ? "" : ","}${encodeKey(key)}${encodeGo(member)}`;
  }
  return `{${text}}`;
}

/** Writes a value; NaN and infinities are bugs. */
export function encodeGo(value: GoValue): string {
  if (typeof value === "number") return encodeNumber(value);
  if (typeof value === "string") return encodeText(value);
  if (typeof value === "boolean") return String(value);
  if (value === null || value === undefined) return "null";
  if (value instanceof RawInteger) return value.digits;
  if (isMap(value)) return encodeMap(value);
  return isList(value) ? `[${value.map(encodeGo).join(",")}]` : encodeObject(value);
}
