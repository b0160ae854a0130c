import { ConfigError, EarlyExit, hiddenValue } from "../errors.ts";
import { version } from "../version.ts";
import { readEnvironment } from "./environment.ts";
import { commonOptions, requestOptions } from "./every-command.ts";
import type { CommonValues } from "./every-command.ts";
import { readFile } from "./file.ts";
import { readFlags } from "./flags.ts";
import type { Given, GivenBySetting, Source } from "./given.ts";
import { helpText } from "./help.ts";
import { Unfit } from "./option.ts";
import type { Option, OptionTable, ValuesOf } from "./option.ts";

/** What readConfig needs to know. */
export interface ReadConfig<Table extends OptionTable> {
  readonly options: Table;
  /** The arguments after the command's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The command's name, for --help. */
  readonly command: string;
  /** What the command does, for --help. */
  readonly summary?: string;
  /** Prefixes of other programs' settings whose variables may stand in the environment: `agent`. */
  readonly ignoreEnv?: readonly string[];
  /** Checks the values together before --check-config says that they are good; throws ConfigError. */
  readonly verify?: (values: ValuesOf<Table> & CommonValues) => void;
}

/** The settings of a command, read and checked. */
export interface Config<Table extends OptionTable> {
  readonly values: ValuesOf<Table> & CommonValues;
  readonly sources: Readonly<Record<keyof ValuesOf<Table> | keyof CommonValues, Source>>;
  /** The path of the YAML file, if there is one. */
  readonly file?: string;
}

/**
 * Reads a command's settings: flag over environment over file over default. Throws ConfigError for what
 * it cannot take, and EarlyExit with the answer to --help, --version and --check-config.
 */
export function readConfig<const Table extends OptionTable>(
  asked: ReadConfig<Table>,
): Config<Table> {
  const settings: OptionTable = { ...asked.options, ...commonOptions };
  const flags = readFlags({ ...settings, ...requestOptions }, asked.argv);
  if (isAsked(flags, "help")) {
    const all = { ...settings, ...requestOptions };
    throw new EarlyExit(helpText(asked.command, asked.summary ?? "", all));
  }
  if (isAsked(flags, "version")) throw new EarlyExit(`plimsoll ${version}`);
  const environment = readEnvironment(settings, asked.env, asked.ignoreEnv ?? []);
  const path = resolve(commonOptions.config, "config", [flags, environment]).value;
  const { config: _, ...inFile } = settings;
  const file: GivenBySetting = path === undefined ? new Map() : readFile(inFile, path);
  const config = resolveAll<Table>(settings, [flags, environment, file]);
  asked.verify?.(config.values);
  if (isAsked(flags, "check-config")) throw new EarlyExit("The configuration is good.");
  return path === undefined ? config : { ...config, file: path };
}

const sourceNames = ["flag", "environment", "file"] as const;

function resolveAll<Table extends OptionTable>(
  settings: OptionTable,
  layers: readonly GivenBySetting[],
): Config<Table> {
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  for (const [setting, option] of Object.entries(settings)) {
    const { value, source } = resolve(option, setting, layers);
    values[setting] = value;
    sources[setting] = source;
  }
  // The loop has just given each name of the table its value.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { values, sources } as unknown as Config<Table>;
}

function resolve<T>(
  option: Option<T>,
  setting: string,
  layers: readonly GivenBySetting[],
): { value: T; source: Source } {
  for (const [index, layer] of layers.entries()) {
    const given = layer.get(setting);
    if (given === undefined) continue;
    return { value: parse(option, setting, given), source: sourceNames[index] ?? "default" };
  }
  return { value: option.default, source: "default" };
}

function parse<T>(option: Option<T>, setting: string, given: Given): T {
  try {
    const { raw, translate } = given;
    return option.parse(translate && typeof raw === "string" ? translate(raw) : raw);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    const value = option.secret === true ? hiddenValue : given.raw;
    throw new ConfigError(setting, value, `${error.message} (from ${given.origin})`);
  }
}

function isAsked(flags: GivenBySetting, name: keyof typeof requestOptions): boolean {
  const given = flags.get(name);
  return given !== undefined && parse(requestOptions[name], name, given);
}
