import type { Option, OptionTable } from "./option.ts";

/** A table of settings with a prefix before each name. */
export type Prefixed<Prefix extends string, Table> = {
  readonly [Name in keyof Table & string as `${Prefix}.${Name}`]: Table[Name];
};

/** The values of the names that have a prefix, without it. */
export type Unprefixed<Prefix extends string, Values> = {
  readonly [
    Name in keyof Values & string as Name extends `${Prefix}.${infer Rest}` ? Rest : never
  ]: Values[Name];
};

/** One program's settings as a part of another's: `listen` becomes `agent.listen`. */
export function prefixed<Prefix extends string, Table extends OptionTable>(
  prefix: Prefix,
  options: Table,
): Prefixed<Prefix, Table> {
  const entries = Object.entries(options).map(([name, option]) => {
    // Another program's spellings stand for that program alone.
    const { aliases: _, ...rest } = option;
    const group = option.group === undefined ? prefix : `${prefix}: ${option.group}`;
    return [`${prefix}.${name}`, { ...rest, group } satisfies Option<unknown>];
  });
  // The type says of the names what the line above does to them.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(entries) as Prefixed<Prefix, Table>;
}

/** The values of the settings that `prefixed` put a prefix before, by their own names again. */
export function unprefixed<Prefix extends string, Values extends object>(
  prefix: Prefix,
  values: Values,
): Unprefixed<Prefix, Values> {
  const start = `${prefix}.`;
  const entries = Object.entries(values).filter(([name]) => name.startsWith(start));
  const named = entries.map(([name, value]): [string, unknown] => [
    name.slice(start.length),
    value,
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(named) as Unprefixed<Prefix, Values>;
}
