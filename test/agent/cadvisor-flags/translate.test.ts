import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { ignoredFlags, refusedFlags } from "../../../agent/cadvisor-flags/not-taken.ts";
import { takenFlags } from "../../../agent/cadvisor-flags/taken.ts";
import { translateCadvisorFlags } from "../../../agent/cadvisor-flags/translate.ts";
import { agentOptions } from "../../../agent/config.ts";
import { type Config, readConfig } from "../../../lib/config/read.ts";
import { METRIC_GROUPS } from "../../../wire/metrics/metric-groups.ts";

/** Every flag that cAdvisor 0.60 lists with -help, but for -version, which we have as well. */
const CADVISOR_HELP =
  "add_dir_header allow_dynamic_housekeeping alsologtostderr application_metrics_count_limit boot_id_file bq_account bq_credentials_file bq_id bq_project_id bq_secret collector_cert collector_key container_hints containerd containerd-namespace containerd_env_metadata_whitelist crio_client_timeout disable_metrics disable_root_cgroup_stats docker docker-tls docker-tls-ca docker-tls-cert docker-tls-key docker_env_metadata_whitelist docker_only docker_root enable_load_reader enable_metrics env_metadata_whitelist event_storage_age_limit event_storage_event_limit global_housekeeping_interval housekeeping_interval http_auth_file http_auth_realm http_digest_file http_digest_realm initial_splay_factor jitter_factor listen_ip log_backtrace_at log_cadvisor_usage log_dir log_file log_file_max_size logtostderr machine_id_file max_housekeeping_interval max_procs one_output perf_events_config podman port profiling prometheus_endpoint raw_cgroup_prefix_whitelist referenced_reset_interval resctrl_interval skip_headers skip_log_headers stderrthreshold storage_driver storage_driver_buffer_duration storage_driver_db storage_driver_es_enable_sniffer storage_driver_es_host storage_driver_es_index storage_driver_es_type storage_driver_host storage_driver_influxdb_retention_policy storage_driver_kafka_broker_list storage_driver_kafka_ssl_ca storage_driver_kafka_ssl_cert storage_driver_kafka_ssl_key storage_driver_kafka_ssl_verify storage_driver_kafka_topic storage_driver_password storage_driver_secure storage_driver_table storage_driver_user storage_duration store_container_labels update_machine_info_interval url_base_prefix v vmodule whitelisted_container_labels ";

function read(...argv: string[]): Config<typeof agentOptions>["values"] {
  const translated = translateCadvisorFlags(argv);
  return readConfig({ options: agentOptions, argv: translated.argv, env: {}, command: "agent" })
    .values;
}

describe("cAdvisor's flags", () => {
  it("are all known, each in one way", () => {
    const names = [...takenFlags, ...ignoredFlags, ...refusedFlags].map(({ name }) => name);
    expect(names.toSorted()).toEqual(CADVISOR_HELP.trim().split(" ").toSorted());
  });

  it("become settings of ours", () => {
    const values = read(
      "-port=8080",
      "--housekeeping_interval",
      "10s",
      "-storage_duration=5m0s",
      "--docker_only",
      "--raw_cgroup_prefix_whitelist=/system.slice/ssh,/kubepods",
      "--disable_root_cgroup_stats=true",
      "--store_container_labels=false",
      "--whitelisted_container_labels=app,team",
      "--env_metadata_whitelist=VERSION",
      "--docker=tcp://127.0.0.1:2375",
      "--url_base_prefix=/cadvisor",
      "--prometheus_endpoint=/prom",
      "--update_machine_info_interval=10m",
      "--enable_load_reader",
      "--referenced_reset_interval=3",
      "--logtostderr",
      "--v=4",
    );
    expect(values).toMatchObject({
      listen: ":8080",
      "interval.seconds": 10,
      "window.seconds": 300,
      "containers.only": true,
      "cgroups.include": ["/system.slice/ssh", "/kubepods"],
      "root.exclude": true,
      "label.union": false,
      "labels.include": ["app", "team"],
      "env.include": ["VERSION"],
      "docker.host": "tcp://127.0.0.1:2375",
      "base.path": "/cadvisor",
      "metrics.path": "/prom",
      "machine.interval": 600,
      "load.reader": true,
      "referenced.reset.interval": 3,
      "log.level": "debug",
    });
  });

  it("name containerd's socket, beside that of CRI-O, which cAdvisor has no flag for", () => {
    for (const socket of ["/run/k3s/containerd.sock", "unix:///run/k3s/containerd.sock"]) {
      const { "cri.endpoint": endpoints } = read(`--containerd=${socket}`);
      expect(endpoints).toEqual([socket, "/run/crio/crio.sock"]);
    }
    expect(read("--containerd=")["cri.endpoint"]).toEqual([]);
  });

  it("are followed by settings that exist", () => {
    const samples: Readonly<Record<string, string>> = {
      housekeeping_interval: "5s",
      storage_duration: "90s",
      update_machine_info_interval: "1m",
      resctrl_interval: "10s",
      application_metrics_count_limit: "5",
      referenced_reset_interval: "1",
      disable_metrics: "tcp",
      enable_metrics: "cpu",
      prometheus_endpoint: "/metrics",
      url_base_prefix: "/base",
      containerd: "/run/containerd/containerd.sock",
      docker: "unix:///run/docker.sock",
      podman: "unix:///var/run/podman/podman.sock",
      perf_events_config: fileURLToPath(new URL("perf.json", import.meta.url)),
      port: "1",
      listen_ip: "127.0.0.1",
      v: "9",
    };
    for (const { name } of takenFlags) {
      expect(() => read(`--${name}=${samples[name] ?? "true"}`), name).not.toThrow();
    }
  });

  it("listen as cAdvisor does, with a port, an address, or both", () => {
    expect(read("--port=9000").listen).toBe(":9000");
    expect(read("--listen_ip=10.0.0.1").listen).toBe("10.0.0.1:8080");
    expect(read("--listen_ip", "::1", "--port", "1").listen).toBe("[::1]:1");
    expect(read().listen).toBe("127.0.0.1:8180");
  });

  it("choose groups as cAdvisor does: what is not disabled is enabled", () => {
    const { "metrics.enable": enabled } = read("--disable_metrics=tcp,udp,accelerator");
    expect(enabled).toEqual(METRIC_GROUPS.filter((group) => group !== "tcp" && group !== "udp"));
    const both = read("--disable_metrics=cpu", "--enable_metrics=cpu,memory");
    expect(both["metrics.enable"]).toEqual(["cpu", "memory"]);
    const none = read(`--disable_metrics=${METRIC_GROUPS.join(",")}`);
    expect(none["metrics.disable"]).toEqual(["all"]);
    expect(() => read("--disable_metrics=gpu")).toThrow(/--disable_metrics "gpu": must be some of/);
  });

  it("are told when they mean nothing here, and refused when they would be missed", () => {
    const { argv, ignored } = translateCadvisorFlags(["--jitter_factor=0.5", "--listen=:1"]);
    expect(argv).toEqual(["--listen=:1"]);
    expect(ignored.map(({ name }) => name)).toEqual(["jitter_factor"]);
    expect(() => read("--storage_driver=influxdb")).toThrow(
      /--storage_driver "influxdb": .*aggregator/,
    );
    expect(() => read("--http_auth_file=users")).toThrow(/^(?!.*users).*--http_auth_file/);
    expect(translateCadvisorFlags(["--storage_driver=", "--http_auth_file="]).argv).toEqual([]);
  });

  it("name themselves in their errors", () => {
    expect(() => read("--housekeeping_interval=200ms")).toThrow(
      /--housekeeping_interval "200ms": must be a whole number of seconds/,
    );
    expect(() => read("--port")).toThrow(/--port: needs a value/);
  });

  it("leave all other arguments as they are", () => {
    const argv = ["--listen", "127.0.0.1:1", "--node=a=b", "-x", "port"];
    expect(translateCadvisorFlags(argv).argv).toEqual(argv);
  });
});
