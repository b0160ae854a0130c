import { ConfigError } from "../errors.ts";
import { unknownSetting } from "./given.ts";
import type { Given, GivenBySetting } from "./given.ts";
import type { Alias, Option, OptionTable } from "./option.ts";
import { flagName } from "./spelling.ts";

interface KnownFlag {
  readonly setting: string;
  readonly option: Option<unknown>;
  readonly alias?: Alias;
}

interface Taken {
  readonly value: string;
  /** The place of the next argument to look at. */
  readonly next: number;
}

/** Reads the arguments after the command's name. Throws ConfigError. */
export function readFlags(options: OptionTable, argv: readonly string[]): GivenBySetting {
  const known = knownFlags(options);
  const given = new Map<string, Given>();
  let at = 0;
  while (at < argv.length) {
    const argument = argv[at] ?? "";
    const { name, value } = splitArgument(argument);
    const flag = findFlag(known, name, value);
    const taken = takeValue(flag, { name, value }, argv, at);
    const before = given.get(flag.setting);
    const raw =
      flag.option.repeatable && before !== undefined
        ? [before.raw, taken.value].flat()
        : taken.value;
    const translate = flag.alias?.parse;
    given.set(flag.setting, { raw, origin: name, ...(translate && { translate }) });
    at = taken.next;
  }
  return given;
}

function knownFlags(options: OptionTable): ReadonlyMap<string, KnownFlag> {
  const known = new Map<string, KnownFlag>();
  for (const [setting, option] of Object.entries(options)) {
    if (option.structured) continue;
    known.set(`--${flagName(setting)}`, { setting, option });
    for (const alias of option.aliases ?? []) {
      // Go's flag package, whose spellings these mostly are, takes one dash for two.
      known.set(`-${alias.flag}`, { setting, option, alias });
      if (alias.flag.length > 1) known.set(`--${alias.flag}`, { setting, option, alias });
    }
  }
  return known;
}

function splitArgument(argument: string): { name: string; value: string | undefined } {
  const name = /^--?[^=-][^=]*/u.exec(argument)?.[0];
  if (name === undefined) {
    throw new ConfigError(
      "arguments",
      argument,
      "this is not a setting; write --NAME VALUE (--help lists all settings)",
    );
  }
  const value = argument.length > name.length ? argument.slice(name.length + 1) : undefined;
  return { name, value };
}

function findFlag(
  known: ReadonlyMap<string, KnownFlag>,
  name: string,
  value: string | undefined,
): KnownFlag {
  const flag = known.get(name);
  if (flag !== undefined) return flag;
  const positive = known.get(name.replace(/^--no-/u, "--"));
  if (positive?.option.switch === true && name.startsWith("--no-")) return positive;
  const spellings = [...known.keys()].filter((spelling) => spelling.startsWith("--"));
  throw unknownSetting(name, value, spellings, "");
}

function takeValue(
  flag: KnownFlag,
  { name, value }: { name: string; value: string | undefined },
  argv: readonly string[],
  at: number,
): Taken {
  if (flag.option.switch) return { value: switchValue(flag, name, value), next: at + 1 };
  if (value !== undefined) return { value, next: at + 1 };
  const following = argv[at + 1];
  if (following === undefined || following.startsWith("--")) {
    const example = `${name} ${flag.option.placeholder}`.trim();
    throw new ConfigError(flag.setting, undefined, `needs a value; write ${example}`);
  }
  return { value: following, next: at + 2 };
}

function switchValue(flag: KnownFlag, name: string, value: string | undefined): string {
  const negated = name === `--no-${flagName(flag.setting)}`;
  if (!negated) return value ?? "true";
  if (value === undefined) return "false";
  throw new ConfigError(flag.setting, value, `${name} takes no value`);
}
