import { posix } from "node:path";

import type { FastifyRequest } from "fastify";

import { isRecord } from "../../../lib/record.ts";
import type { SampleRange } from "./container-info.ts";
import { RestError } from "./errors.ts";
import { parseGoDuration, parseGoTime } from "./go-time.ts";

/** What is asked for. */
export interface RestRequest {
  /** `v1.3`; empty = none was named. */
  readonly version: string;
  /** `containers`; empty = none was named. */
  readonly type: string;
  /** What follows, without empty parts. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
}

/** Samples of v1 and of v2 where nothing is said. */
const DEFAULT_SAMPLES = 60;
const DEFAULT_COUNT = 64;

/** Every parameter with a meaning is one of these in length. */
const MOST_SHOWN = 200;

/** Takes `/api/<version>/<type>/<rest>?<query>` apart. @throws RestError if it is not rightly encoded */
export function parseRequest({ url }: FastifyRequest, body: string): RestRequest {
  const [path = "", ...query] = url.split("?");
  const parts = path.split("/").filter((part) => part !== "");
  const [, version = "", type = "", ...rest] = parts.map(decode);
  return { version, type, rest, query: new URLSearchParams(query.join("?")), body };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RestError("the path is not rightly encoded", 400);
  }
}

/** The path of a cgroup, `.` and `..` resolved: it can only lead to a cgroup that is known. */
export function cgroupPathOf({ rest }: RestRequest): string {
  return posix.join("/", ...rest);
}

/** Text of a client's in a message, not too much of it. */
export function shown(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function notDecoded(why: string): RestError {
  return new RestError(`unable to decode the json value: ${why}`);
}

function timeIn(body: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  const time = typeof value === "string" ? parseGoTime(value) : undefined;
  if (time === undefined) throw notDecoded(`${name} must be a time such as 2026-11-21T06:15:30Z`);
  // Go's zero time stands for "not set".
  return time < 0 ? undefined : time;
}

/** The body of API v1: which samples are wanted. @throws RestError if it is none */
export function parseBody(body: string): SampleRange {
  if (body.trim() === "") return { count: DEFAULT_SAMPLES };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw notDecoded("it is no JSON");
  }
  if (parsed === null) return { count: DEFAULT_SAMPLES };
  if (!isRecord(parsed)) throw notDecoded("it must be an object");
  const count = parsed["num_stats"] ?? DEFAULT_SAMPLES;
  if (typeof count !== "number" || !Number.isInteger(count)) {
    throw notDecoded("num_stats must be a whole number");
  }
  return {
    count: count < 0 ? Number.POSITIVE_INFINITY : count,
    start: timeIn(parsed, "start"),
    end: timeIn(parsed, "end"),
  };
}

/** What the query of API v2 asks for. */
export interface Options {
  readonly type: "name" | "docker" | "podman";
  readonly range: SampleRange;
  readonly isRecursive: boolean;
}

/** The query of API v2. @throws RestError if one of its parameters is wrong */
export function parseOptions(query: URLSearchParams): Options {
  const type = query.get("type") || "name";
  if (type !== "name" && type !== "docker" && type !== "podman") {
    throw new RestError(`unknown 'type' ${JSON.stringify(shown(type))}`);
  }
  const count = parseCount(query.get("count") ?? "");
  const age = query.get("max_age") ?? "";
  // Every sample is at most a second old: there is nothing to be done for somebody who wants newer ones.
  if (age !== "" && parseGoDuration(age) === undefined) {
    throw new RestError(
      `failed to parse 'max_age' option: time: invalid duration ${JSON.stringify(shown(age))}`,
    );
  }
  return {
    type,
    range: { count: count === -1 ? Number.POSITIVE_INFINITY : count },
    isRecursive: query.get("recursive") === "true",
  };
}

function parseCount(text: string): number {
  if (text === "") return DEFAULT_COUNT;
  const count = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(count)) throw new RestError(`failed to parse 'count' option: ${shown(text)}`);
  if (count < -1) {
    throw new RestError(`invalid 'count' option: only -1 and larger values allowed, not ${count}`);
  }
  return count;
}
