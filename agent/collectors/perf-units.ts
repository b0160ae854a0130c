import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { PerfEvent } from "../syscalls/perf-event.ts";

/** A unit that counts events, as `/sys/bus/event_source/devices` shows it. */
export interface PerfUnit {
  readonly name: string;
  readonly type: number;
  /** The CPUs that count for their socket; undefined where each CPU counts for itself. */
  readonly cpus: readonly number[] | undefined;
  readonly directory: string;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** More than any kernel has of CPUs, or a word of bits. */
const MOST = 1 << 16;

/** The CPUs of a list such as `0-3,8`. */
export function parseCpus(text: string): number[] {
  return text
    .trim()
    .split(",")
    .filter((range) => /^\d+(?:-\d+)?$/.test(range))
    .flatMap((range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      const count = last < MOST ? Math.max(0, last - first + 1) : 0;
      return Array.from({ length: count }, (_, index) => first + index);
    });
}

/** Every unit of the machine. */
export function readPerfUnits(sysRoot: string): PerfUnit[] {
  const root = join(sysRoot, "bus/event_source/devices");
  let names: string[];
  try {
    names = readdirSync(root).toSorted();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const directory = join(root, name);
    const type = readText(join(directory, "type"));
    if (type === undefined || !/^\d+$/.test(type)) return [];
    const mask = readText(join(directory, "cpumask"));
    return [
      {
        name,
        type: Number(type),
        cpus: mask === undefined ? undefined : parseCpus(mask),
        directory,
      },
    ];
  });
}

/** Of `config` and its like. */
const WORD_BITS = 64;

/** The fields of `config` and its like, and the bits that a term of an event goes to. */
interface Field {
  readonly config: "config" | "config1" | "config2";
  readonly bits: readonly number[];
}

/** `config:0-7,32-35` or `config1:0-15`, as a file of `format/` has it. */
export function parseFormat(text: string): Field | undefined {
  const match = /^(config[12]?):([\d,-]+)$/.exec(text.trim());
  const [, config, bits = ""] = match ?? [];
  if (config !== "config" && config !== "config1" && config !== "config2") return undefined;
  const places = parseCpus(bits);
  return places.every((bit) => bit < WORD_BITS) ? { config, bits: places } : undefined;
}

function spread(value: bigint, { bits }: Field): bigint {
  let word = 0n;
  for (const [index, bit] of bits.entries()) word |= ((value >> BigInt(index)) & 1n) << BigInt(bit);
  return word;
}

/**
 * An event of a unit by its terms, such as `event=0x3c,umask=0x01`; undefined if the unit has no
 * such term. https://docs.kernel.org/admin-guide/abi-testing.html (sysfs-bus-event_source-devices-events)
 * @param format reads a file of the unit's `format/`
 */
export function encodeTerms(
  type: number,
  terms: string,
  format: (term: string) => string | undefined,
): PerfEvent | undefined {
  const words = { config: 0n, config1: 0n, config2: 0n };
  for (const term of terms.split(",")) {
    const [, name = "", number = "1"] = /^\s*([\w-]+)(?:=(0x[\da-f]+|\d+))?\s*$/i.exec(term) ?? [];
    // `config=0x12` says the whole word.
    const field = /^config[12]?$/.test(name) ? `${name}:0-63` : format(name);
    const parsed = field === undefined ? undefined : parseFormat(field);
    if (parsed === undefined) return undefined;
    words[parsed.config] |= spread(BigInt(number), parsed);
  }
  return { type, ...words };
}

/** An event that a unit has a name for, or that is told by its terms. */
export function eventOfUnit({ type, directory }: PerfUnit, event: string): PerfEvent | undefined {
  // A name must not lead out of the folder.
  if (event.includes("/") || event === "" || event.startsWith(".")) return undefined;
  const named = event.includes("=") ? undefined : readText(join(directory, "events", event));
  return encodeTerms(type, named ?? event, (term) => readText(join(directory, "format", term)));
}
