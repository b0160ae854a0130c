import { PLAIN_PEER } from "../../lib/http/peer-settings.ts";
import type { Labels } from "../../wire/labels.ts";
import { createStaticDiscovery } from "../discovery/static.ts";
import { NO_GLOBAL } from "./global.ts";
import type { Job } from "./job.ts";

/** The name of the job that the setting `agents` makes. */
export const AGENTS_JOB = "agents";

/**
 * Understands an agent's address, a URL or only `HOST:PORT`, as the labels that a target is made of.
 * Undefined if it is neither, or has something in it that has no place there, such as a query.
 */
export function parseAgentAddress(text: string): Labels | undefined {
  const withScheme = text.includes("://") ? text : `http://${text}`;
  if (!URL.canParse(withScheme)) return undefined;
  const { protocol, username, password, search, hash, host, pathname } = new URL(withScheme);
  const plain = [username, password, search, hash].every((part) => part === "");
  if (!plain || host === "" || (protocol !== "http:" && protocol !== "https:")) return undefined;
  return {
    __address__: host,
    __scheme__: protocol.slice(0, -1),
    __metrics_path__: `${pathname.replace(/\/+$/u, "")}/metrics`,
  };
}

/** What the job of the setting `agents` has besides; times in milliseconds. */
export interface AgentsJobSettings {
  readonly interval: number;
  readonly timeout: number;
  readonly externalLabels?: Labels;
}

/** The setting `agents` as a job. */
export function agentsJob(
  agents: readonly string[],
  { interval, timeout, externalLabels = {} }: AgentsJobSettings,
): Job {
  // What is no address was refused when the settings were read.
  const targets = agents.map(parseAgentAddress).filter((labels) => labels !== undefined);
  const group = { source: AGENTS_JOB, labels: {}, targets };
  return {
    name: AGENTS_JOB,
    kind: "agent",
    scrapeInterval: interval,
    scrapeTimeout: timeout,
    metricsPath: "/metrics",
    scheme: "http",
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    peer: PLAIN_PEER,
    limits: NO_GLOBAL.limits,
    externalLabels,
    keepDroppedTargets: 0,
    discoveries: [() => createStaticDiscovery([group], AGENTS_JOB)],
    relabel: [],
    metricRelabel: [],
  };
}
