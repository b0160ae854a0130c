import { hostname } from "node:os";
import process from "node:process";

import {
  address,
  bytes,
  choice,
  duration,
  flag,
  integer,
  list,
  number,
  text,
} from "../lib/config/builders.ts";
import type { OptionsOf } from "../lib/config/option.ts";
import { MOST_STARS, starsOf } from "../lib/glob.ts";
import { webConfigFile } from "../lib/http/web-config/option.ts";
import { stateDirectory } from "../lib/state-directory.ts";
import {
  isMetricGroup,
  isOnByDefault,
  METRIC_GROUPS,
  type MetricGroup,
} from "../wire/metrics/metric-groups.ts";
import { WINDOW_STATISTICS, type WindowStatistics } from "./api/families/window-statistics.ts";
import { checkPerfConfig } from "./collectors/perf-config.ts";
import type { RuntimeSettings } from "./runtimes/all.ts";
import { type EngineConfig, engineOptions } from "./runtimes/options.ts";

const ON = METRIC_GROUPS.filter(isOnByDefault).join(", ");

function checkGroups(groups: readonly string[]): string | undefined {
  return groups.every((group) => group === "all" || isMetricGroup(group))
    ? undefined
    : `must be some of ${METRIC_GROUPS.join(", ")}, all`;
}

function checkGlobs(globs: readonly string[]): string | undefined {
  return globs.every((glob) => starsOf(glob) <= MOST_STARS)
    ? undefined
    : `must be names with at most ${MOST_STARS} stars each`;
}

/** The agent's settings, read and checked. */
export interface AgentConfig extends EngineConfig {
  readonly listen: string;
  readonly "web.config.file": string | undefined;
  readonly node: string;
  readonly "interval.seconds": number;
  readonly "window.seconds": number;
  readonly "window.statistics": WindowStatistics;
  readonly "app.metrics.allow": readonly string[];
  readonly "app.metrics.interval": number;
  readonly "app.metrics.count.limit": number;
  readonly "cgroup.root": string;
  readonly "proc.root": string;
  readonly "sys.root": string;
  readonly "kmsg.path": string;
  readonly rootfs: string;
  readonly "disk.entries.per.second": number;
  readonly "containers.only": boolean;
  readonly "cgroups.include": readonly string[];
  readonly "root.exclude": boolean;
  readonly "metrics.path": string;
  readonly "base.path": string;
  readonly "metrics.enable": readonly string[];
  readonly "metrics.disable": readonly string[];
  readonly "perf.events.config": string | undefined;
  readonly "resctrl.interval": number;
  readonly "load.reader": boolean;
  readonly "referenced.reset.interval": number;
  readonly "labels.include": readonly string[];
  readonly "label.union": boolean;
  readonly "env.include": readonly string[];
  readonly timestamps: boolean;
  readonly "events.dir": string;
  readonly "events.max.bytes": number;
  readonly "events.throttled.ratio": number;
  readonly "events.pressure.ratio": number;
  readonly "machine.interval": number;
  readonly "machine.id.file": readonly string[];
  readonly "boot.id.file": readonly string[];
}

/** The agent's settings: how each is read and what it is by default. */
export const agentOptions: OptionsOf<AgentConfig> = {
  listen: address({
    default: "127.0.0.1:8180",
    help: "Where the agent answers.",
  }),
  "web.config.file": webConfigFile,
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
  "window.statistics": choice({
    default: "containers",
    values: WINDOW_STATISTICS,
    help: "Whose window is summed up on /metrics: that of containers and the machine, of all cgroups, or nobody's.",
  }),
  "app.metrics.allow": list({
    default: [],
    placeholder: "NAME,…",
    help: "Containers that may be asked for their own metrics if their label prometheus.io/scrape is true; * and ? stand for anything.",
    check: checkGlobs,
  }),
  "app.metrics.interval": duration({
    default: 15,
    min: 1,
    max: 3600,
    help: "How often they are asked.",
  }),
  "app.metrics.count.limit": integer({
    default: 100,
    min: 1,
    max: 1000,
    help: "How many series of its own metrics a container may have.",
  }),
  ...engineOptions,
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
  "kmsg.path": text({
    default: "/dev/kmsg",
    placeholder: "FILE",
    help: "The kernel's messages, which name the victims of a lack of memory; the agent does without where they can't be read.",
  }),
  rootfs: text({
    default: "/",
    placeholder: "DIRECTORY",
    help: "Where the host's / is mounted for an agent in a container; /rootfs is found by itself. Its /proc and /sys are used unless they are set.",
    check: (path) =>
      path.startsWith("/") ? undefined : "must be an absolute path such as /rootfs",
  }),
  "disk.entries.per.second": integer({
    default: 5000,
    min: 100,
    max: 1_000_000,
    help: "How many files and directories a second are looked at, at most, to add up the disk usage of containers.",
  }),
  "containers.only": flag({
    help: "Only the cgroups of containers, and the machine itself; not those of services and slices.",
  }),
  "cgroups.include": list({
    default: [],
    placeholder: "PREFIX,…",
    help: "Beginnings of cgroup paths that --containers-only does not leave out.",
  }),
  "root.exclude": flag({ help: "Without the machine itself, the cgroup /." }),
  "metrics.path": text({
    default: "/metrics",
    placeholder: "PATH",
    help: "Where Prometheus finds the metrics.",
    check: (path) => (/^\/[\w./-]+$/.test(path) ? undefined : "must be a path such as /metrics"),
  }),
  "base.path": text({
    default: "",
    placeholder: "PATH",
    help: "A path that a proxy puts before all others, such as /node-1.",
    check: (path) =>
      /^(?:(?:\/[\w.-]+)+)?$/.test(path) ? undefined : "must be a path such as /node-1",
  }),
  "metrics.enable": list({
    default: [],
    placeholder: "GROUP,…|all",
    help: `Only these groups of metrics, of ${METRIC_GROUPS.join(", ")}; if not set ${ON}.`,
    check: checkGroups,
  }),
  "metrics.disable": list({
    default: [],
    placeholder: "GROUP,…",
    help: "Without these groups of metrics, and with all others that are on by default.",
    check: checkGroups,
  }),
  "perf.events.config": text({
    placeholder: "FILE",
    help: "A JSON file that names the perf events to count, in cAdvisor's format; none are counted if not set.",
    check: checkPerfConfig,
  }),
  "resctrl.interval": duration({
    default: 0,
    min: 0,
    max: 3600,
    help: "How often the tasks of containers are sought for the group resctrl, which needs it; 0s is off.",
  }),
  "load.reader": flag({
    help: "Counts the tasks of each cgroup by state, for the group cpuLoad, which needs it.",
  }),
  "referenced.reset.interval": integer({
    default: 0,
    min: 0,
    max: 1_000_000,
    help: "After how many measurements the group referenced_memory begins anew; 0 is never. It costs very much, as the kernel looks at each page of each process, and forgets for its own choices too which were in use.",
  }),
  "labels.include": list({
    default: [],
    placeholder: "LABEL,…",
    help: "These labels of containers stand on all their series; container_info always has all.",
  }),
  "label.union": flag({
    help: "All series have the labels of all containers, or those of --labels-include, empty where a container has none.",
  }),
  "env.include": list({
    default: [],
    placeholder: "PREFIX,…",
    help: "Variables of a container's environment whose names begin so stand on all its series.",
  }),
  timestamps: flag({
    help: "Samples carry the time at which they were taken.",
  }),
  "events.dir": text({
    default: stateDirectory("agent/events", process.env, process.getuid?.()),
    placeholder: "DIR",
    help: "Where events are kept for a day, over restarts too; nothing: in memory only.",
  }),
  "events.max.bytes": bytes({
    default: 64 * 1024 * 1024,
    min: 1024 * 1024,
    help: "How much disk events may take; the oldest go first.",
  }),
  "events.throttled.ratio": number({
    default: 0,
    min: 0,
    max: 1,
    help: "Tells an event when a container was throttled in so much of its periods over ten samples; 0 is never.",
  }),
  "events.pressure.ratio": number({
    default: 0,
    min: 0,
    max: 1,
    help: "Tells an event when a container waited for CPU, memory or disk so much of the time over ten samples; 0 is never.",
  }),
  "machine.interval": duration({
    default: 300,
    min: 1,
    max: 86_400,
    help: "How often the machine's own memory, CPUs and devices are read again.",
  }),
  "machine.id.file": list({
    default: ["/etc/machine-id", "/var/lib/dbus/machine-id"],
    placeholder: "FILE,…",
    help: "Where the machine's id is on the host; the first that can be read counts.",
  }),
  "boot.id.file": list({
    default: ["/proc/sys/kernel/random/boot_id"],
    placeholder: "FILE,…",
    help: "Where the id of the running system is on the host; the first that can be read counts.",
  }),
};

/** The variables that the program was started with. */
const inherited: Readonly<Record<string, string | undefined>> = { ...process.env };

/** Where the engines are, as the settings and the environment tell. */
export function runtimeSettingsOf(config: AgentConfig): RuntimeSettings {
  // Dockerode would look at it too, whichever engine it is for, and stumble over what it can't read.
  delete process.env["DOCKER_HOST"];
  return {
    docker: {
      host: config["docker.host"],
      tls: config["docker.tls"],
      ca: config["docker.tls.ca"],
      cert: config["docker.tls.cert"],
      key: config["docker.tls.key"],
    },
    podmanHost: config["podman.host"],
    criEndpoints: config["cri.endpoint"],
    envPrefixes: config["env.include"],
    environment: inherited,
  };
}

/** Whether the families of a group are on `/metrics`. */
export function isExposed(group: MetricGroup, config: AgentConfig): boolean {
  const { "metrics.enable": enabled } = config;
  if (isDisabled(group, config)) return false;
  if (enabled.length === 0) return isOnByDefault(group);
  return enabled.includes(group) || enabled.includes("all");
}

/** Whether a group has been switched off by name. */
export function isDisabled(group: MetricGroup, config: AgentConfig): boolean {
  const { "metrics.disable": disabled } = config;
  return disabled.includes(group) || disabled.includes("all");
}
