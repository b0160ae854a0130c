import { homedir } from "node:os";
import { join } from "node:path";

import {
  address,
  bytes,
  choice,
  duration,
  list,
  structured,
  text,
} from "../lib/config/builders.ts";
import { oneText, option, type OptionsOf } from "../lib/config/option.ts";
import { stateDirectory } from "../lib/state-directory.ts";
import { HISTORY_KINDS, type HistoryKind } from "./history/history.ts";
import { parseAgentAddress } from "./jobs/agents.ts";
import type { JobSettings } from "./jobs/configured.ts";
import { parseShard, type Shard } from "./jobs/shard.ts";

/** The aggregator's settings. */
export interface AggregatorConfig extends JobSettings {
  readonly listen: string;
  readonly "cluster.name": string;
  /** Undefined: this aggregator asks all targets. */
  readonly shard: Shard | undefined;
  /** Bytes. */
  readonly scrape_series_memory: number;
  readonly "history.kind": HistoryKind;
  readonly "history.dir": string;
  /** Seconds. */
  readonly retention: number;
  readonly "events.dir": string;
  readonly "events.max.bytes": number;
}

const DAY_SECONDS = 86_400;

/**
 * Where state is kept: for root as the Filesystem Hierarchy Standard says, for others as the XDG
 * Base Directory Specification does.
 */
export function defaultHistoryDirectory(
  environment: Readonly<Record<string, string | undefined>>,
  userId: number | undefined,
): string {
  const state = environment["XDG_STATE_HOME"];
  // The specification tells to ignore a path that is not absolute.
  if (state?.startsWith("/") === true) return join(state, "plimsoll");
  return userId === 0 ? "/var/lib/plimsoll" : join(homedir(), ".local/state/plimsoll");
}

/** The aggregator's settings: how each is read and what it is by default. */
export const aggregatorOptions: OptionsOf<AggregatorConfig> = {
  listen: address({
    help: "Where to listen.",
    default: "127.0.0.1:8182",
  }),
  "cluster.name": text({
    help: "What this cluster is called in answers.",
    default: "cluster",
  }),
  agents: list({
    help: "The agents to ask, as URLs or HOST:PORT.",
    placeholder: "URL,…",
    default: [],
    reloadable: true,
    check: (agents) =>
      agents.every((agent) => parseAgentAddress(agent) !== undefined)
        ? undefined
        : "must be URLs such as http://host-1:8180, without user, query or fragment",
  }),
  scrape_interval: duration({
    help: "How often each agent is asked. Whatever it is, every second arrives.",
    default: 15,
    min: 0.1,
    // Agents keep a minute; this leaves time for a second attempt.
    max: 45,
    group: "Scraping",
  }),
  scrape_timeout: duration({
    help: "How long an agent's whole answer may take.",
    default: 10,
    min: 0.1,
    max: 60,
    group: "Scraping",
  }),
  global: structured<unknown>({
    help: "What all scrape_configs have in common, in Prometheus's words.",
    default: undefined,
    parse: (raw) => raw,
    secret: true,
    reloadable: true,
    group: "Scraping",
  }),
  scrape_configs: structured<unknown>({
    help: "What to scrape and where to find it, in Prometheus's words.",
    default: undefined,
    // Read together with `global`, once the program that needs it is loaded.
    parse: (raw) => raw,
    secret: true,
    reloadable: true,
    group: "Scraping",
  }),
  shard: option<Shard, undefined>(
    {
      help: "Ask only this share of the targets: 2/5 is the second of five aggregators.",
      group: "Scraping",
    },
    { placeholder: "NUMBER/OF", read: (raw) => parseShard(oneText(raw)) },
  ),
  scrape_series_memory: bytes({
    help: "How much memory the newest series of all targets may take; a page that does not fit is refused.",
    default: 256 * 1024 * 1024,
    min: 1024 * 1024,
    group: "Scraping",
  }),
  "history.kind": choice({
    help: "Where samples are kept: in a DuckDB file of its own, or nowhere.",
    values: HISTORY_KINDS,
    default: "duckdb",
    group: "History",
  }),
  "history.dir": text({
    help: "Folder of the history; made if it is missing.",
    placeholder: "DIR",
    default: defaultHistoryDirectory(process.env, process.getuid?.()),
    check: (directory) => (directory === "" ? "must be the path of a folder" : undefined),
    group: "History",
  }),
  retention: duration({
    help: "How long samples are kept.",
    default: 7 * DAY_SECONDS,
    min: 600,
    group: "History",
  }),
  "events.dir": text({
    default: stateDirectory("aggregator/events", process.env, process.getuid?.()),
    placeholder: "DIR",
    help: "Where events are kept as long as samples, over restarts too; nothing: in memory only.",
    group: "Events",
  }),
  "events.max.bytes": bytes({
    default: 256 * 1024 * 1024,
    min: 1024 * 1024,
    help: "How much disk events may take; the oldest go first.",
    group: "Events",
  }),
};
