#!/usr/bin/env node
/** The `plimsoll` command: finds out which program is meant, and runs it. */
import { once } from "node:events";
import { dirname, resolve } from "node:path";
import process from "node:process";

import { translateCadvisorFlags } from "./agent/cadvisor-flags/translate.ts";
import { type AgentConfig, agentOptions } from "./agent/config.ts";
import { type DoctorConfig, doctorOptions } from "./agent/doctor-options.ts";
import type { StartedAgent } from "./agent/main.ts";
import { type AggregatorConfig, aggregatorOptions } from "./aggregator/config.ts";
import { withOwnAgent } from "./aggregator/jobs/own-agent.ts";
import type { Aggregator } from "./aggregator/main.ts";
import { type EventsConfig, eventsOptions } from "./commands/events-options.ts";
import { type ExportConfig, exportOptions } from "./commands/export-options.ts";
import { type TopConfig, topOptions } from "./commands/top/options.ts";
import { duration } from "./lib/config/builders.ts";
import type { CommonValues } from "./lib/config/every-command.ts";
import type { OptionTable, ValuesOf } from "./lib/config/option.ts";
import { prefixed, unprefixed } from "./lib/config/prefix.ts";
import { type ReadConfig, readConfig } from "./lib/config/read.ts";
import { ConfigError, EarlyExit } from "./lib/errors.ts";
import { type Parts, run, type Signals } from "./lib/lifecycle.ts";
import { createLogger, type Logger } from "./lib/log.ts";
import { nearest } from "./lib/nearest.ts";
import { keepHeapSmall } from "./lib/small-heap.ts";
import { countReload, noReloads, type Surroundings } from "./lib/surroundings.ts";
import { version } from "./lib/version.ts";

/** One way to call `plimsoll`. */
interface Command {
  readonly summary: string;
  start(argv: readonly string[], parts: Parts, signals: Signals): Promise<Logger>;
}

/** What a command starts once its settings are known. */
type Begin<Table extends OptionTable> = (
  values: ValuesOf<Table> & CommonValues,
  surroundings: Surroundings,
) => Promise<Reload<Table> | void>;

/** Takes up the settings that may change while the program runs. */
type Reload<Table extends OptionTable> = (
  values: ValuesOf<Table> & CommonValues,
) => Promise<void> | void;

/** Turns another program's arguments into ours; with those that mean nothing here, and why. */
type Translate = (argv: readonly string[]) => {
  readonly argv: readonly string[];
  readonly ignored: readonly { readonly name: string; readonly note: string }[];
};

/** What some commands have besides. */
interface Extras<Table extends OptionTable> {
  readonly translate?: Translate;
  /** Loads the check of the values together; only then, as it knows a good part of the program. */
  readonly loadVerify?: () => Promise<NonNullable<ReadConfig<Table>["verify"]>>;
}

/** A command made of a table of settings and of what it starts. */
function command<const Table extends OptionTable>(
  name: string,
  summary: string,
  options: Table,
  begin: Begin<Table>,
  { translate = (argv) => ({ argv, ignored: [] }), loadVerify }: Extras<Table> = {},
): Command {
  return {
    summary,
    async start(given, parts, signals) {
      const verify = await loadVerify?.();
      const { argv, ignored } = translate(given);
      const ignoreEnv = ["agent", "aggregator"].filter((other) => !(`${other}.listen` in options));
      const asked: ReadConfig<Table> = {
        options,
        argv,
        env: process.env,
        command: name,
        summary,
        ignoreEnv,
        ...(verify === undefined ? {} : { verify }),
      };
      const { values } = readConfig(asked);
      const logger = createLogger({ level: values["log.level"], format: values["log.format"] });
      for (const flag of ignored) logger.info({ flag: `--${flag.name}` }, `ignored: ${flag.note}`);
      const reloads = noReloads();
      const reload = await begin(values, { logger, parts, reloads });
      signals.onReload(() =>
        countReload(reloads, async () => {
          const { values: fresh } = readConfig(asked);
          logger.level = fresh["log.level"];
          await reload?.(fresh);
          logger.info("settings read again");
        }),
      );
      return logger;
    },
  };
}

/** Each program is loaded only when it is wanted. */
async function beginAgent(config: AgentConfig, surroundings: Surroundings): Promise<StartedAgent> {
  const { startAgent } = await import("./agent/main.ts");
  return startAgent(config, surroundings);
}

async function beginAggregator(
  config: AggregatorConfig,
  surroundings: Surroundings,
  file: string | undefined,
): Promise<Aggregator> {
  const { startAggregator } = await import("./aggregator/main.ts");
  const folder = file === undefined ? process.cwd() : dirname(resolve(file));
  return startAggregator(config, { ...surroundings, folder });
}

async function loadJobs(): Promise<(config: AggregatorConfig) => void> {
  const { configuredJobs } = await import("./aggregator/jobs/configured.ts");
  const { configuredStores } = await import("./aggregator/sinks/remote-write/configured.ts");
  return (config) => {
    configuredJobs(config);
    configuredStores(config);
  };
}

/** Writes what it has found, and ends. */
async function consult(config: DoctorConfig, surroundings: Surroundings): Promise<never> {
  // What is wrong stands in the answer.
  if (surroundings.logger.level === "info") surroundings.logger.level = "error";
  const { runDoctor } = await import("./agent/doctor.ts");
  const isPlain = (process.env["NO_COLOR"] ?? "") !== "";
  const colours = process.stdout.isTTY && !isPlain;
  const { text, code } = await runDoctor(config, surroundings, colours);
  throw new EarlyExit(text, code);
}

/** Waits while its reader takes nothing. */
async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

/** Writes events to the terminal. */
async function tellEvents(config: EventsConfig, { logger, parts }: Surroundings): Promise<void> {
  // Only what is wrong; the rest of the output is events.
  if (logger.level === "info") logger.level = "warn";
  const { followEvents } = await import("./commands/events.ts");
  const around = { logger, write: writeOut, now: () => Date.now() };
  parts.use("events", await followEvents(config, around));
}

/** Shows containers on the terminal. */
async function showTop(config: TopConfig, { logger, parts }: Surroundings): Promise<void> {
  // The screen is the view's.
  if (logger.level === "info") logger.level = "error";
  const { startTop } = await import("./commands/top/top.ts");
  const { stdin, stdout, env } = process;
  const around = { stdin, stdout, env, write: writeOut, now: () => Date.now() };
  const view = await startTop(config, around);
  if (view !== undefined) parts.use("top", view);
}

/** Shows something on a line of the terminal that the next one takes the place of. */
function writeOver(line: string): void {
  process.stderr.write(`\r${line.padEnd(20)}\r`);
}

/** Writes a part of a history to a file, and ends. */
async function exportFile(config: ExportConfig, { logger, parts }: Surroundings): Promise<never> {
  if (logger.level === "info") logger.level = "warn";
  const { runExport } = await import("./commands/export.ts");
  const ended = new AbortController();
  parts.defer("export", () => ended.abort());
  const around = { now: () => Date.now(), signal: ended.signal };
  const said = await runExport(
    config,
    process.stderr.isTTY ? { ...around, show: writeOver } : around,
  );
  throw new EarlyExit(said);
}

/** Both programs at once on one machine: the page follows every second. */
const upOptions = {
  ...prefixed("agent", agentOptions),
  ...prefixed("aggregator", {
    ...aggregatorOptions,
    scrape_interval: duration({
      ...aggregatorOptions.scrape_interval,
      default: 1,
      min: 0.1,
      max: 45,
    }),
  }),
} as const;

const commands: Readonly<Record<string, Command>> = {
  up: command(
    "up",
    "Runs an agent and an aggregator on this machine.",
    upOptions,
    async (values, surroundings) => {
      const agent = await beginAgent(unprefixed("agent", values), surroundings);
      const settings = unprefixed("aggregator", values);
      const withAgent = (config: AggregatorConfig): AggregatorConfig => ({
        ...config,
        ...withOwnAgent(config, agent.url, agent.pass()),
      });
      const aggregator = await beginAggregator(withAgent(settings), surroundings, values.config);
      process.stdout.write(`Plimsoll is up. Page: ${aggregator.url}\n`);
      return (fresh) => aggregator.reload(withAgent(unprefixed("aggregator", fresh)));
    },
    {
      async loadVerify() {
        const verify = await loadJobs();
        return (values) => verify(unprefixed("aggregator", values));
      },
    },
  ),
  agent: command(
    "agent",
    "Measures the containers of this machine.",
    agentOptions,
    async (values, surroundings) => {
      keepHeapSmall();
      await beginAgent(values, surroundings);
    },
    { translate: translateCadvisorFlags },
  ),
  aggregator: command(
    "aggregator",
    "Collects from the agents of a cluster, keeps and shows what they measured.",
    aggregatorOptions,
    async (values, surroundings) => {
      const aggregator = await beginAggregator(values, surroundings, values.config);
      return (fresh) => aggregator.reload(fresh);
    },
    { loadVerify: loadJobs },
  ),
  events: command(
    "events",
    "Follows what happens to containers, nodes and services, from an aggregator or an agent.",
    eventsOptions,
    tellEvents,
  ),
  top: command(
    "top",
    "Shows the containers of a node or of a cluster on the terminal, live.",
    topOptions,
    showTop,
  ),
  export: command(
    "export",
    "Writes a part of the history to a Parquet or CSV file.",
    { "history.dir": aggregatorOptions["history.dir"], ...exportOptions },
    exportFile,
  ),
  doctor: command(
    "doctor",
    "Says what this host lets us see, and why a number is missing; takes the agent's settings too.",
    doctorOptions,
    consult,
    {
      translate: translateCadvisorFlags,
      loadVerify: async () => (await import("./agent/doctor.ts")).verifyDoctor,
    },
  ),
};

function usage(): string {
  const lines = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(12)}${summary}`,
  );
  return `plimsoll ${version}: measures what containers cost their machines.

Usage: plimsoll COMMAND [SETTINGS]

${lines.join("\n")}

plimsoll COMMAND --help lists the settings of a command.`;
}

function chosenCommand(name: string | undefined): Command {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    throw new EarlyExit(usage(), name === undefined ? 2 : 0);
  }
  if (name === "--version") throw new EarlyExit(`plimsoll ${version}`);
  const chosen = commands[name];
  if (chosen !== undefined) return chosen;
  const names = Object.keys(commands);
  const meant = nearest(name, names);
  const hint = meant === undefined ? "" : `did you mean ${meant}? `;
  throw new ConfigError("command", name, `${hint}it must be one of ${names.join(", ")}`);
}

await run((parts, signals) => {
  const [name, ...argv] = process.argv.slice(2);
  return chosenCommand(name).start(argv, parts, signals);
});
