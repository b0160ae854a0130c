import { ConfigError, hiddenValue } from "../../lib/errors.ts";
import { type CadvisorFlag, isOn } from "./flag.ts";
import { ignoredFlags, refusedFlags } from "./not-taken.ts";
import { takenFlags } from "./taken.ts";

/** A command line in our own words. */
export interface Translated {
  readonly argv: readonly string[];
  /** Those of cAdvisor's flags that mean nothing here, and why. */
  readonly ignored: readonly CadvisorFlag[];
}

const allFlags = new Map(
  [...takenFlags, ...ignoredFlags, ...refusedFlags].map((flag) => [flag.name, flag]),
);

interface Split {
  readonly given: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

/** Go's flag package takes one dash for two, and the last of several. */
function split(argv: readonly string[]): Split {
  const given = new Map<string, string>();
  const rest: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? "";
    const [, name = "", value] = /^--?([^=]+)(?:=(.*))?$/su.exec(argument) ?? [];
    const flag = allFlags.get(name);
    if (flag === undefined) rest.push(argument);
    else if (value !== undefined) given.set(name, value);
    else if (flag.isSwitch === true) given.set(name, "true");
    else {
      const following = argv[++at];
      if (following === undefined) {
        throw new ConfigError(`--${name}`, undefined, `needs a value; write --${name}=VALUE`);
      }
      given.set(name, following);
    }
  }
  return { given, rest };
}

/** Asks for nothing: the flag's own default, given openly. */
function isEmpty(flag: CadvisorFlag, value: string): boolean {
  return flag.isSwitch === true ? !isOn(value) : value === "";
}

/**
 * Turns cAdvisor's flags into our own, so that a deployment changes only its image. What would be
 * missed is refused with a ConfigError; what means nothing here is left out and told.
 * https://github.com/google/cadvisor/blob/master/docs/runtime_options.md
 */
export function translateCadvisorFlags(argv: readonly string[]): Translated {
  const { given, rest } = split(argv);
  for (const flag of refusedFlags) {
    const value = given.get(flag.name);
    if (value === undefined || isEmpty(flag, value)) continue;
    const shown = flag.name.startsWith("storage_driver") ? value : hiddenValue;
    throw new ConfigError(`--${flag.name}`, shown, flag.note);
  }
  const ours = takenFlags.flatMap((flag) => {
    const value = given.get(flag.name);
    return value === undefined ? [] : flag.to(value, given);
  });
  // Our own spelling, which stands behind, wins.
  return { argv: [...ours, ...rest], ignored: ignoredFlags.filter(({ name }) => given.has(name)) };
}
