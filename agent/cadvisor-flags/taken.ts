import { parseDuration } from "../../lib/config/duration.ts";
import { ConfigError } from "../../lib/errors.ts";
import { isMetricGroup, METRIC_GROUPS } from "../../wire/metrics/metric-groups.ts";
import { isOn, type TakenFlag } from "./flag.ts";

const DEFAULT_PORT = "8080";

/** The same value under our own name. */
function same(name: string, ours: string, note: string): TakenFlag {
  return { name, note, to: (value) => [`--${ours}=${value}`] };
}

/** A switch under our own name. */
function sameSwitch(name: string, ours: string, note: string): TakenFlag {
  return { name, note, isSwitch: true, to: (value) => [`--${ours}=${String(isOn(value))}`] };
}

/** A duration that we have in whole seconds. */
function seconds(name: string, ours: string, note: string): TakenFlag {
  return {
    name,
    note,
    to(value) {
      const duration = parseDuration(value);
      if (duration === undefined || !Number.isInteger(duration) || duration < 1) {
        throw new ConfigError(`--${name}`, value, "must be a whole number of seconds, such as 1s");
      }
      return [`--${ours}=${duration}`];
    },
  };
}

/** Groups that cAdvisor once had: to be without them is to have them disabled. */
const FORMER_GROUPS = ["accelerator"];

function groupsIn(name: string, value: string): string[] {
  const groups = value.split(",").filter((word) => word !== "" && !FORMER_GROUPS.includes(word));
  const unknown = groups.find((group) => !isMetricGroup(group));
  if (unknown === undefined) return groups;
  throw new ConfigError(
    `--${name}`,
    value,
    `must be some of ${METRIC_GROUPS.join(", ")}; ${unknown} is none`,
  );
}

const disableMetrics: TakenFlag = {
  name: "disable_metrics",
  note: "all groups but these, the ones that are off by default included, as cAdvisor has it; --metrics-disable leaves those off",
  to(value, all) {
    const disabled = groupsIn("disable_metrics", value);
    // cAdvisor too looks at one of the two only.
    if ((all.get("enable_metrics") ?? "") !== "") return [];
    const rest = METRIC_GROUPS.filter((group) => !disabled.includes(group));
    return rest.length === 0 ? ["--metrics-disable=all"] : [`--metrics-enable=${rest.join(",")}`];
  },
};

const enableMetrics: TakenFlag = {
  name: "enable_metrics",
  note: "--metrics-enable",
  to(value) {
    const enabled = groupsIn("enable_metrics", value);
    return enabled.length === 0 ? [] : [`--metrics-enable=${enabled.join(",")}`];
  },
};

const port: TakenFlag = {
  name: "port",
  note: "--listen: on all addresses unless --listen_ip is given, as cAdvisor does",
  to: (value, all) => [`--listen=${bracketed(all.get("listen_ip") ?? "")}:${value}`],
};

const listenIp: TakenFlag = {
  name: "listen_ip",
  note: `--listen, on port ${DEFAULT_PORT} unless --port is given`,
  to: (value, all) => (all.has("port") ? [] : [`--listen=${bracketed(value)}:${DEFAULT_PORT}`]),
};

function bracketed(ip: string): string {
  return ip.includes(":") && !ip.startsWith("[") ? `[${ip}]` : ip;
}

/** cAdvisor has no flag for it. */
const CRIO_SOCKET = "/run/crio/crio.sock";

/** From this number on cAdvisor's log tells what ours calls debug. */
const DEBUG_FROM = 4;

const containerd: TakenFlag = {
  name: "containerd",
  note: "--cri-endpoint: its containers through CRI; CRI-O's usual socket is looked at too, as cAdvisor does",
  to: (value) => (value === "" ? [] : [`--cri-endpoint=${value},${CRIO_SOCKET}`]),
};

const verbosity: TakenFlag = {
  name: "v",
  note: `--log-level debug from ${DEBUG_FROM} on`,
  to: (value) => (Number(value) >= DEBUG_FROM ? ["--log-level=debug"] : []),
};

/** The flags that are followed. */
export const takenFlags: readonly TakenFlag[] = [
  port,
  listenIp,
  seconds("housekeeping_interval", "interval-seconds", "--interval-seconds"),
  seconds("storage_duration", "window-seconds", "--window-seconds"),
  disableMetrics,
  enableMetrics,
  same("prometheus_endpoint", "metrics-path", "--metrics-path"),
  same("url_base_prefix", "base-path", "--base-path"),
  sameSwitch(
    "docker_only",
    "containers-only",
    "--containers-only: of every engine, not of Docker alone",
  ),
  same("raw_cgroup_prefix_whitelist", "cgroups-include", "--cgroups-include"),
  sameSwitch("disable_root_cgroup_stats", "root-exclude", "--root-exclude"),
  sameSwitch(
    "store_container_labels",
    "label-union",
    "--label-union; off unless given, as container_info carries all labels once",
  ),
  same("whitelisted_container_labels", "labels-include", "--labels-include"),
  same("env_metadata_whitelist", "env-include", "--env-include"),
  same("docker_env_metadata_whitelist", "env-include", "--env-include"),
  same("containerd_env_metadata_whitelist", "env-include", "--env-include"),
  same("docker", "docker-host", "--docker-host"),
  same("podman", "podman-host", "--podman-host"),
  containerd,
  sameSwitch("docker-tls", "docker-tls", "--docker-tls"),
  same("docker-tls-ca", "docker-tls-ca", "--docker-tls-ca; it has no default here"),
  same("docker-tls-cert", "docker-tls-cert", "--docker-tls-cert; it has no default here"),
  same("docker-tls-key", "docker-tls-key", "--docker-tls-key; it has no default here"),
  same("application_metrics_count_limit", "app-metrics-count-limit", "--app-metrics-count-limit"),
  same("machine_id_file", "machine-id-file", "--machine-id-file"),
  same("boot_id_file", "boot-id-file", "--boot-id-file"),
  same("update_machine_info_interval", "machine-interval", "--machine-interval"),
  same("perf_events_config", "perf-events-config", "--perf-events-config"),
  same("resctrl_interval", "resctrl-interval", "--resctrl-interval"),
  same("referenced_reset_interval", "referenced-reset-interval", "--referenced-reset-interval"),
  sameSwitch("enable_load_reader", "load-reader", "--load-reader"),
  verbosity,
];
