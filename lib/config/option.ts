/** Thrown by an option's parse: what is wrong with a value and what would do. Never holds the value. */
export class Unfit extends Error {}

/** Another spelling of a setting's flag, for example another program's. */
export interface Alias {
  /** Without its dashes. */
  readonly flag: string;
  /** Turns the other spelling's value into ours; may throw Unfit. */
  readonly parse?: (raw: string) => string;
}

/** What can be said of any setting besides its value. */
export interface About {
  /** One sentence or two for --help. */
  readonly help: string;
  /** What stands for the value in --help: `HOST:PORT`. */
  readonly placeholder?: string;
  /** The heading under which --help lists it. */
  readonly group?: string;
  /** Its value is never printed. */
  readonly secret?: boolean;
  /** SIGHUP takes a new value without a restart. */
  readonly reloadable?: boolean;
  /** --help leaves it out. */
  readonly hidden?: boolean;
  readonly aliases?: readonly Alias[];
}

/** One setting: how its value is read, and what it is when nobody gives one. */
export interface Option<T> extends About {
  readonly placeholder: string;
  readonly default: T;
  /** The default as --help shows it; empty for none. */
  readonly defaultText: string;
  /** The bounds of a number as --help shows them, `from 1 to 60`; empty or left out for none. */
  readonly range?: string;
  /** A flag that stands alone: `--docker-only`. */
  readonly switch: boolean;
  /** A flag that may be given several times, which adds up. */
  readonly repeatable: boolean;
  /** Too rich for a flag or a variable: YAML only. */
  readonly structured: boolean;
  /** Takes a text, a list of texts, or, when structured, any YAML value. Throws Unfit. */
  parse(raw: unknown): T;
}

/** A program's settings by name: `window.seconds`. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The values that a table of settings yields. */
export type ValuesOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never;
};

/** The table that yields such values; states the type of an exported table. */
export type OptionsOf<Values> = { readonly [Name in keyof Values]: Option<Values[Name]> };

/** Gives back what is wrong with a value, or undefined. */
type Check<T> = (value: T) => string | undefined;

/** What the builders below take; without a default the value is undefined until somebody gives one. */
export interface Spec<T, D extends T | undefined> extends About {
  readonly default?: D;
  readonly check?: Check<T>;
}

interface Kind<T> {
  readonly placeholder: string;
  read(raw: unknown): T;
  readonly write?: (value: T) => string;
  readonly range?: string;
  readonly switch?: boolean;
  readonly repeatable?: boolean;
  readonly structured?: boolean;
}

/** Builds an option of any kind; the named builders are made of it. */
export function option<T, D extends T | undefined>(spec: Spec<T, D>, kind: Kind<T>): Option<T | D> {
  const { default: fallback, check, ...about } = spec;
  const write = kind.write ?? String;
  return {
    placeholder: kind.placeholder,
    ...about,
    // Left out means undefined, which is then what D is.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    default: fallback as D,
    defaultText: fallback === undefined ? "" : write(fallback),
    range: kind.range ?? "",
    switch: kind.switch ?? false,
    repeatable: kind.repeatable ?? false,
    structured: kind.structured ?? false,
    parse(raw) {
      const value = kind.read(raw);
      const complaint = check?.(value);
      if (complaint !== undefined) throw new Unfit(complaint);
      return value;
    },
  };
}

/** A raw value that must be one text. */
export function oneText(raw: unknown): string {
  if (typeof raw === "string") return raw;
  throw new Unfit("must be a single value");
}
