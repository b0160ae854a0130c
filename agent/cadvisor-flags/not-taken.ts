import type { CadvisorFlag } from "./flag.ts";

function all(names: readonly string[], note: string, isSwitch = false): CadvisorFlag[] {
  return names.map((name) => ({ name, note, isSwitch }));
}

/** Flags that would change nothing here: they are accepted, and the log says so once. */
export const ignoredFlags: readonly CadvisorFlag[] = [
  ...all(
    ["allow_dynamic_housekeeping"],
    "every container is sampled at every interval; one that stands still costs little",
    true,
  ),
  ...all(["max_housekeeping_interval"], "there is only one interval"),
  ...all(["global_housekeeping_interval"], "new cgroups are found at every interval"),
  ...all(
    ["initial_splay_factor", "jitter_factor"],
    "all containers of all nodes are sampled on the whole second, so that their numbers add up",
  ),
  ...all(["max_procs"], "one thread samples; others only compress and look up files"),
  ...all(["docker_root"], "writable layers are found through the mounts of each container"),
  ...all(
    ["containerd-namespace"],
    "containerd is asked through CRI, whose containers all are in one namespace",
  ),
  ...all(["crio_client_timeout"], "CRI-O is asked through CRI, and has ten seconds to answer"),
  ...all(["container_hints"], "the network of a container is found through its processes"),
  ...all(
    ["event_storage_age_limit", "event_storage_event_limit"],
    "the last 100 000 events are kept, for 24 h",
  ),
  ...all(["log_cadvisor_usage"], "plimsoll_agent_* and process_* tell the agent's own cost", true),
  ...all(["profiling"], "node --inspect profiles the agent", true),
  ...all(
    [
      "add_dir_header",
      "alsologtostderr",
      "logtostderr",
      "one_output",
      "skip_headers",
      "skip_log_headers",
    ],
    "the log goes to stderr; --log-format and --log-level set its form",
    true,
  ),
  ...all(
    ["log_backtrace_at", "log_dir", "log_file", "log_file_max_size", "stderrthreshold", "vmodule"],
    "the log goes to stderr; --log-format and --log-level set its form",
  ),
  ...all(
    [
      "storage_driver_buffer_duration",
      "storage_driver_db",
      "storage_driver_es_host",
      "storage_driver_es_index",
      "storage_driver_es_type",
      "storage_driver_host",
      "storage_driver_influxdb_retention_policy",
      "storage_driver_kafka_broker_list",
      "storage_driver_kafka_ssl_ca",
      "storage_driver_kafka_ssl_cert",
      "storage_driver_kafka_ssl_key",
      "storage_driver_kafka_topic",
      "storage_driver_password",
      "storage_driver_table",
      "storage_driver_user",
      "bq_account",
      "bq_credentials_file",
      "bq_id",
      "bq_project_id",
      "bq_secret",
    ],
    "means nothing without --storage_driver",
  ),
  ...all(
    [
      "storage_driver_es_enable_sniffer",
      "storage_driver_kafka_ssl_verify",
      "storage_driver_secure",
    ],
    "means nothing without --storage_driver",
    true,
  ),
];

/** Flags that ask for something that would be missed: the agent does not start with them. */
export const refusedFlags: readonly CadvisorFlag[] = [
  ...all(
    ["storage_driver"],
    "the agent stores nothing beyond its window; run plimsoll aggregator, which keeps history",
  ),
  ...all(
    ["http_auth_file", "http_auth_realm", "http_digest_file", "http_digest_realm"],
    "it never protected the API; --web-config-file guards every route",
  ),
  ...all(
    ["collector_cert", "collector_key"],
    "application metrics are read over plain HTTP, from the container's own address alone",
  ),
];
