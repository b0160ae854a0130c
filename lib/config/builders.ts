import { parseAddress } from "./address.ts";
import { parseBytes } from "./bytes.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { oneText, option, Unfit } from "./option.ts";
import type { About, Option, Spec } from "./option.ts";

/** The bounds of a number, both included. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** Any text. */
export function text<D extends string | undefined = undefined>(
  spec: Spec<string, D>,
): Option<string | D> {
  return option(spec, { placeholder: "TEXT", read: oneText });
}

/** A number, decimal point allowed. */
export function number<D extends number | undefined = undefined>(
  spec: Spec<number, D> & Bounds,
): Option<number | D> {
  const { min, max, ...rest } = spec;
  const range = within({ min, max }, String);
  const remedy = `must be a number${range}`;
  return option(rest, {
    placeholder: "NUMBER",
    range: range.replace(/^ (?:of )?/u, ""),
    read: (raw) => bounded(parseNumber(oneText(raw)), spec, remedy),
  });
}

/** A whole number. */
export function integer<D extends number | undefined = undefined>(
  spec: Spec<number, D> & Bounds,
): Option<number | D> {
  const { min, max, ...rest } = spec;
  const range = within({ min, max }, String);
  const remedy = `must be a whole number${range}`;
  return option(rest, {
    placeholder: "NUMBER",
    range: range.replace(/^ (?:of )?/u, ""),
    read(raw) {
      const value = bounded(parseNumber(oneText(raw)), spec, remedy);
      if (!Number.isSafeInteger(value)) throw new Unfit(remedy);
      return value;
    },
  });
}

/** A duration (`30s`, `1h30m`); value and bounds are in seconds. */
export function duration<D extends number | undefined = undefined>(
  spec: Spec<number, D> & Bounds,
): Option<number | D> {
  const { min, max, ...rest } = spec;
  const range = within({ min, max }, formatDuration);
  const remedy = `must be a duration such as 30s or 1h30m${range}`;
  return option(rest, {
    placeholder: "DURATION",
    range: range.replace(/^ (?:of )?/u, ""),
    read: (raw) => bounded(parseDuration(oneText(raw)), spec, remedy),
    write: formatDuration,
  });
}

/** A size (`1GiB`, `500MB`, `4096`); value and bounds are in bytes. */
export function bytes<D extends number | undefined = undefined>(
  spec: Spec<number, D> & Bounds,
): Option<number | D> {
  const { min, max, ...rest } = spec;
  const range = within({ min, max }, String);
  const remedy = `must be a size such as 512MiB or 4096${range}`;
  return option(rest, {
    placeholder: "SIZE",
    range: range.replace(/^ (?:of )?/u, ""),
    read: (raw) => bounded(parseBytes(oneText(raw)), spec, remedy),
  });
}

/** One word of a few. */
export function choice<const V extends string, D extends V | undefined = undefined>(
  spec: Spec<V, D> & { readonly values: readonly V[] },
): Option<V | D> {
  const { values, ...rest } = spec;
  return option<V, D>(rest, {
    placeholder: values.join("|"),
    read(raw) {
      const word = oneText(raw);
      const found = values.find((value) => value === word);
      if (found === undefined) throw new Unfit(`must be one of ${values.join(", ")}`);
      return found;
    },
  });
}

/** Several texts: `a,b`, the flag given more than once, or a YAML list. */
export function list<D extends readonly string[] | undefined = undefined>(
  spec: Spec<readonly string[], D> & { readonly separator?: string },
): Option<readonly string[] | D> {
  const { separator = ",", ...rest } = spec;
  const split = (raw: unknown): string[] => {
    if (Array.isArray(raw)) return raw.flatMap(split);
    const words = oneText(raw).split(separator);
    return words.map((word) => word.trim()).filter((word) => word !== "");
  };
  return option<readonly string[], D>(rest, {
    placeholder: `TEXT${separator}…`,
    read: split,
    write: (words) => words.join(separator),
    repeatable: true,
  });
}

/** Yes or no: `--name`, `--name=false`, `--no-name`; false unless told otherwise. */
export function flag(spec: About & { readonly default?: boolean }): Option<boolean> {
  return option<boolean, boolean>(
    { ...spec, default: spec.default ?? false },
    {
      placeholder: "",
      switch: true,
      read(raw) {
        const word = oneText(raw).toLowerCase();
        if (["true", "yes", "on", "1", "t"].includes(word)) return true;
        if (["false", "no", "off", "0", "f"].includes(word)) return false;
        throw new Unfit("must be true or false");
      },
      write: (value) => (value ? "true" : ""),
    },
  );
}

/** Where to listen: `HOST:PORT`, `:PORT` or `[IPV6]:PORT`, kept as text. */
export function address<D extends string | undefined = undefined>(
  spec: Spec<string, D>,
): Option<string | D> {
  return option(spec, {
    placeholder: "HOST:PORT",
    read(raw) {
      const value = oneText(raw);
      if (parseAddress(value) === undefined) {
        throw new Unfit("must be HOST:PORT; write for example 127.0.0.1:8180");
      }
      return value;
    },
  });
}

/** What only YAML can say, such as a list of objects. `parse` gets plain values and throws Unfit. */
export function structured<T>(
  spec: About & { readonly default: T; readonly parse: (raw: unknown) => T },
): Option<T> {
  const { parse, default: fallback, ...about } = spec;
  return {
    ...about,
    placeholder: "",
    default: fallback,
    defaultText: "",
    switch: false,
    repeatable: false,
    structured: true,
    parse,
  };
}

function parseNumber(word: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu.test(word) ? Number(word) : undefined;
}

function bounded(value: number | undefined, bounds: Bounds, remedy: string): number {
  const fits =
    value !== undefined &&
    Number.isFinite(value) &&
    value >= (bounds.min ?? -Infinity) &&
    value <= (bounds.max ?? Infinity);
  if (!fits) throw new Unfit(remedy);
  return value;
}

function within(
  bounds: { min: number | undefined; max: number | undefined },
  write: (value: number) => string,
): string {
  const { min, max } = bounds;
  if (min !== undefined && max !== undefined) return ` from ${write(min)} to ${write(max)}`;
  if (min !== undefined) return ` of at least ${write(min)}`;
  return max === undefined ? "" : ` of at most ${write(max)}`;
}
