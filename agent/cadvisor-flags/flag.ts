/** The values of all of cAdvisor's flags on a command line, by name. */
export type GivenFlags = ReadonlyMap<string, string>;

/** One of cAdvisor's flags, and what becomes of it here. */
export interface CadvisorFlag {
  /** Without its dashes. */
  readonly name: string;
  /** Stands alone: `--docker_only`. */
  readonly isSwitch?: boolean;
  /** For the documentation: what it does here, why it means nothing here, or what to do instead. */
  readonly note: string;
}

/** A flag that is followed. */
export interface TakenFlag extends CadvisorFlag {
  /** Our own arguments that say the same; throws ConfigError. */
  readonly to: (value: string, all: GivenFlags) => readonly string[];
}

/** cAdvisor's way to write a switch's value: `--docker_only=false`. */
export function isOn(value: string): boolean {
  return ["true", "t", "1"].includes(value.toLowerCase());
}
