import { nearest } from "../nearest.ts";
import { isRecord } from "../record.ts";
import { parseBytes } from "./bytes.ts";
import { parseDuration } from "./duration.ts";
import { Unfit } from "./option.ts";

/**
 * Reads an object of a structured setting field by field. Every method throws Unfit, which names the
 * field by its whole path, `[2].relabel_configs[0].regex`; `end` names a field that nobody has read.
 * No message holds a value, as it may be secret.
 */
export class Fields {
  /** Where the object stands in its setting; empty for the setting itself. */
  readonly path: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #read = new Set<string>();

  /** Throws Unfit if the value is no object. */
  constructor(value: unknown, path: string) {
    // What was left empty in YAML is an object without fields.
    const values = value ?? {};
    if (!isRecord(values)) throw unfit(path, "must be NAME: VALUE lines");
    this.#values = values;
    this.path = path;
  }

  /** Whether the field has been given a value. */
  has(name: string): boolean {
    return this.#at(name) !== undefined;
  }

  /** The names of all fields, where any may be. */
  names(): readonly string[] {
    return Object.keys(this.#values);
  }

  /** Any text; numbers and yes or no count as what was written. */
  text<D extends string | undefined = undefined>(name: string, fallback?: D): string | D {
    return this.#take(name, fallback, (value) => scalarText(value, "must be a single value"));
  }

  /** A text that must be there. */
  needed(name: string): string {
    const value = this.text(name);
    if (value !== undefined && value !== "") return value;
    throw this.fault(name, "is missing");
  }

  choice<const V extends string, D extends V | undefined = undefined>(
    name: string,
    words: readonly V[],
    fallback?: D,
  ): V | D {
    return this.#take(name, fallback, (value) => {
      const found = words.find((word) => word === value);
      if (found === undefined) throw new Unfit(`must be one of ${words.join(", ")}`);
      return found;
    });
  }

  /** Yes or no. */
  flag(name: string, fallback: boolean): boolean {
    return this.#take(name, fallback, (value) => {
      if (typeof value !== "boolean") throw new Unfit("must be true or false");
      return value;
    });
  }

  /** A whole number within bounds, both included. */
  integer<D extends number | undefined = undefined>(
    name: string,
    { min, max }: { readonly min: number; readonly max: number },
    fallback?: D,
  ): number | D {
    return this.#take(name, fallback, (value) => {
      const written = scalarText(value, "must be a whole number");
      const number = /^[+-]?\d+$/u.test(written) ? Number(written) : Number.NaN;
      if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
      throw new Unfit(`must be a whole number from ${min} to ${max}`);
    });
  }

  /** A duration such as `30s` or `1h30m`, in milliseconds. */
  duration<D extends number | undefined = undefined>(name: string, fallback?: D): number | D {
    return this.#take(name, fallback, (value) => {
      const seconds = parseDuration(scalarText(value, "must be a duration"));
      if (seconds === undefined) throw new Unfit("must be a duration such as 30s or 1h30m");
      return seconds * 1000;
    });
  }

  /** A size such as `10MB`, in bytes. */
  bytes<D extends number | undefined = undefined>(name: string, fallback?: D): number | D {
    return this.#take(name, fallback, (value) => {
      const size = parseBytes(scalarText(value, "must be a size"));
      if (size === undefined) throw new Unfit("must be a size such as 512MiB or 4096");
      return size;
    });
  }

  /** A list of texts; none if it was left out. */
  texts(name: string): readonly string[] {
    return this.#take(name, [] as readonly string[], (value) =>
      list(value).map((entry) => scalarText(entry, "must be a list of texts")),
    );
  }

  /** Names with texts; none if it was left out. */
  textMap(name: string): Readonly<Record<string, string>> {
    return this.#take(name, {}, (value) => {
      if (!isRecord(value)) throw new Unfit("must be NAME: VALUE lines");
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([key, text]) => [key, scalarText(text, `must have a text at ${key}`)]),
      );
    });
  }

  /** An object inside this one; undefined if it was left out. */
  object(name: string): Fields | undefined {
    const value = this.#at(name);
    return value === undefined ? undefined : new Fields(value, this.#pathOf(name));
  }

  /** A list of objects inside this one; none if it was left out. */
  objects(name: string): readonly Fields[] {
    const value = this.#at(name);
    if (value === undefined) return [];
    return this.#explained(name, () => list(value)).map(
      (entry, index) => new Fields(entry, `${this.#pathOf(name)}[${index}]`),
    );
  }

  /** Throws Unfit for a field that nobody has read, and says what was probably meant. */
  end(): void {
    for (const name of Object.keys(this.#values)) {
      if (this.#read.has(name)) continue;
      const near = nearest(name, this.#read);
      throw this.fault(name, `is unknown${near === undefined ? "" : `; did you mean ${near}?`}`);
    }
  }

  /** What to throw for a field, for a reason of the caller's own. */
  fault(name: string, problem: string): Unfit {
    return unfit(this.#pathOf(name), problem);
  }

  #take<T, D>(name: string, fallback: D | undefined, parse: (value: unknown) => T): T | D {
    const value = this.#at(name);
    if (value !== undefined) return this.#explained(name, () => parse(value));
    // A fallback that was left out is undefined, and then so is D.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return fallback as D;
  }

  #at(name: string): unknown {
    this.#read.add(name);
    return Object.hasOwn(this.#values, name) ? (this.#values[name] ?? undefined) : undefined;
  }

  #explained<T>(name: string, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      throw error instanceof Unfit ? this.fault(name, error.message) : error;
    }
  }

  #pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}

function unfit(path: string, problem: string): Unfit {
  return new Unfit(path === "" ? problem : `${path} ${problem}`);
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Unfit("must be a list");
}

function scalarText(value: unknown, remedy: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Unfit(remedy);
}
