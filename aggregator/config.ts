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
import { oneText, option, type OptionsOf, Unfit } from "../lib/config/option.ts";
import { webConfigFile } from "../lib/http/web-config/option.ts";
import { stateDirectory } from "../lib/state-directory.ts";
import { HISTORY_KINDS, type HistoryKind } from "./history/history.ts";
import { parseAgentAddress } from "./jobs/agents.ts";
import type { JobSettings } from "./jobs/configured.ts";
import { parseShard, type Shard } from "./jobs/shard.ts";
import { influxOptions } from "./sinks/influxdb/settings.ts";
import { remoteWriteOptions } from "./sinks/remote-write/settings.ts";
import type { SinkSettings } from "./sinks/settings.ts";

/** The aggregator's settings. */
export interface AggregatorConfig extends JobSettings, SinkSettings {
  readonly listen: string;
  readonly "web.config.file": string | undefined;
  readonly "cluster.name": string;
  /** Undefined: this aggregator asks all targets. */
  readonly shard: Shard | undefined;
  /** Bytes. */
  readonly scrape_series_memory: number;
  readonly "history.kind": HistoryKind;
  readonly "history.dir": string;
  /** Bytes; undefined: any number. */
  readonly "history.max.bytes": number | undefined;
  /** 1: each sample is kept. */
  readonly "resolution.seconds": 1 | 15;
  /** Seconds, as all of these; 0 = not kept. */
  readonly retention: number;
  readonly "history.keep.15s": number;
  readonly "history.keep.1m": number;
  readonly "history.keep.10m": number;
  readonly "events.retention": number;
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

function parseResolution(word: string): 1 | 15 {
  if (word === "1") return 1;
  if (word === "15") return 15;
  throw new Unfit("must be 1 or 15");
}

/** For how long what a stretch of time comes to is kept. */
function keep(stretch: string, days: number): ReturnType<typeof duration<number>> {
  return duration({
    help: `How long average, least, most and last of each ${stretch} are kept; 0 = not at all.`,
    default: days * DAY_SECONDS,
    min: 0,
    group: "History",
  });
}

/** The aggregator's settings: how each is read and what it is by default. */
export const aggregatorOptions: OptionsOf<AggregatorConfig> = {
  listen: address({
    help: "Where to listen.",
    default: "127.0.0.1:8182",
  }),
  "web.config.file": webConfigFile,
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
  "history.max.bytes": bytes({
    help: "How much of the history's file may be in use; the oldest goes first. Any size if left out.",
    default: undefined,
    min: 64 * 1024 * 1024,
    group: "History",
  }),
  "resolution.seconds": option<1 | 15, 1>(
    {
      help: "1 keeps each sample; 15 only average, least, most and last of each 15 seconds, for large fleets.",
      default: 1,
      group: "History",
    },
    { placeholder: "1|15", read: (raw) => parseResolution(oneText(raw)) },
  ),
  retention: duration({
    help: "How long each sample is kept.",
    default: 2 * 3600,
    min: 600,
    group: "History",
  }),
  "history.keep.15s": keep("15 seconds", 7),
  "history.keep.1m": keep("minute", 90),
  "history.keep.10m": keep("10 minutes", 2 * 365),
  "events.dir": text({
    default: stateDirectory("aggregator/events", process.env, process.getuid?.()),
    placeholder: "DIR",
    help: "Where events are kept, over restarts too; nothing: in memory only.",
    group: "Events",
  }),
  "events.retention": duration({
    default: 7 * DAY_SECONDS,
    min: 600,
    help: "How long events are kept.",
    group: "Events",
  }),
  "events.max.bytes": bytes({
    default: 256 * 1024 * 1024,
    min: 1024 * 1024,
    help: "How much disk events may take; the oldest go first.",
    group: "Events",
  }),
  "queue.dir": text({
    default: stateDirectory("aggregator/queue", process.env, process.getuid?.()),
    placeholder: "DIR",
    help: "Where what a store has not taken yet waits for it, over restarts too; nothing: in memory only.",
    group: "Stores",
  }),
  "queue.max.bytes": bytes({
    default: 1024 * 1024 * 1024,
    min: 4 * 1024 * 1024,
    help: "How much disk what waits for one store may take; the oldest goes first.",
    group: "Stores",
  }),
  "queue.max.age": duration({
    default: 7 * DAY_SECONDS,
    min: 60,
    help: "How long anything waits for a store before it is let go.",
    group: "Stores",
  }),
  ...influxOptions,
  ...remoteWriteOptions,
};
