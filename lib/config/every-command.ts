import { choice, flag, text } from "./builders.ts";
import type { OptionsOf } from "./option.ts";

/** How much is logged, least important first. */
type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** The values of the settings that every command has. */
export interface CommonValues {
  readonly config: string | undefined;
  readonly "log.level": LogLevel;
  readonly "log.format": "text" | "json";
}

const group = "Every command";

/** The settings that every command has and whose values it may want. */
export const commonOptions: OptionsOf<CommonValues> = {
  config: text({ help: "YAML file with settings.", placeholder: "FILE", group }),
  "log.level": choice({
    values: ["trace", "debug", "info", "warn", "error"],
    default: "info",
    help: "How much to log.",
    group,
    reloadable: true,
  }),
  "log.format": choice({
    values: ["text", "json"],
    default: "text",
    help: "How to write the log, which goes to stderr.",
    group,
  }),
};

/** What one asks for instead of running the command; flags only. */
export interface Requests {
  readonly help: boolean;
  readonly version: boolean;
  readonly "check-config": boolean;
}

/** The flags that answer and end the program. */
export const requestOptions: OptionsOf<Requests> = {
  "check-config": flag({
    help: "Check all settings, without touching the network, and exit.",
    group,
  }),
  help: flag({ help: "Show this text.", group, aliases: [{ flag: "h" }] }),
  version: flag({ help: "Show the version.", group }),
};
