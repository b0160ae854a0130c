import { hostname } from "node:os";

import { address, integer, list, text } from "../lib/config/builders.ts";
import type { OptionsOf } from "../lib/config/option.ts";
import { allCollectors } from "./collectors/all.ts";

/** What `--metrics-enable` and `--metrics-disable` take. */
const GROUPS = [...new Set(allCollectors.map((collector) => collector.group))];

function checkGroups(groups: readonly string[]): string | undefined {
  const known: readonly string[] = [...GROUPS, "all"];
  const unknown = groups.find((group) => !known.includes(group));
  return unknown === undefined ? undefined : `must be some of ${known.join(", ")}`;
}

function checkHost(host: string): string | undefined {
  if (host.startsWith("/") || host.startsWith("unix:///")) return undefined;
  if (/^(?:tcp|https?):\/\//.test(host) && URL.canParse(host)) return undefined;
  return "must be a socket or an address such as unix:///var/run/docker.sock";
}

/** The agent's settings, read and checked. */
export interface AgentConfig {
  readonly listen: string;
  readonly node: string;
  readonly "interval.seconds": number;
  readonly "window.seconds": number;
  readonly "docker.host": string | undefined;
  readonly "cgroup.root": string;
  readonly "proc.root": string;
  readonly "sys.root": string;
  readonly "metrics.enable": readonly string[];
  readonly "metrics.disable": readonly string[];
}

/** The agent's settings: how each is read and what it is by default. */
export const agentOptions: OptionsOf<AgentConfig> = {
  listen: address({
    default: "127.0.0.1:8180",
    help: "Where the agent answers.",
  }),
  node: text({
    default: hostname(),
    placeholder: "NAME",
    help: "The name of this node.",
    check: (name) => (name === "" ? "must not be empty" : undefined),
  }),
  "interval.seconds": integer({
    default: 1,
    min: 1,
    max: 60,
    help: "How often every container is sampled.",
  }),
  "window.seconds": integer({
    default: 60,
    min: 5,
    max: 3600,
    help: "How many seconds of samples are kept in memory.",
  }),
  "docker.host": text({
    placeholder: "URL",
    help: "Docker's socket or address; DOCKER_HOST, then unix:///var/run/docker.sock, if not set.",
    check: checkHost,
  }),
  "cgroup.root": text({
    default: "/sys/fs/cgroup",
    placeholder: "DIRECTORY",
    help: "Where the host's cgroups are mounted.",
  }),
  "proc.root": text({
    default: "/proc",
    placeholder: "DIRECTORY",
    help: "Where the host's /proc is mounted.",
  }),
  "sys.root": text({
    default: "/sys",
    placeholder: "DIRECTORY",
    help: "Where the host's /sys is mounted.",
  }),
  "metrics.enable": list({
    default: [],
    placeholder: "GROUP,…|all",
    help: `Only these groups of metrics: ${GROUPS.join(", ")}; all if not set.`,
    check: checkGroups,
  }),
  "metrics.disable": list({
    default: [],
    placeholder: "GROUP,…",
    help: "All groups of metrics but these.",
    check: checkGroups,
  }),
};

/** Docker's address: what was set, what `DOCKER_HOST` says, or where it usually is. */
export function dockerHostOf(config: AgentConfig, environment: NodeJS.ProcessEnv): string {
  const inherited = environment["DOCKER_HOST"];
  const fallback = inherited === undefined || inherited === "" ? undefined : inherited;
  return config["docker.host"] ?? fallback ?? "unix:///var/run/docker.sock";
}

/** Whether a group of metrics is to be measured. */
export function isEnabled(group: string, config: AgentConfig): boolean {
  const { "metrics.enable": enabled, "metrics.disable": disabled } = config;
  if (enabled.length > 0) return enabled.includes(group) || enabled.includes("all");
  return !disabled.includes(group) && !disabled.includes("all");
}
