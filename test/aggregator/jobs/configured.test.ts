import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import { configuredJobs } from "../../../aggregator/jobs/configured.ts";
import type { Job } from "../../../aggregator/jobs/job.ts";
import { ConfigError } from "../../../lib/errors.ts";

const nothing = { agents: [], scrape_interval: 15, scrape_timeout: 10 };

/** The jobs of a YAML file. */
function read(yaml: string, agents: readonly string[] = []): readonly Job[] {
  const file = (parse(yaml) ?? {}) as { global?: unknown; scrape_configs?: unknown };
  const { global, scrape_configs } = file;
  return configuredJobs({ ...nothing, agents, global, scrape_configs });
}

/** The complaint about a YAML file. */
function complaint(yaml: string, agents: readonly string[] = []): string {
  try {
    read(yaml, agents);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "";
}

test("a job of kubelets asks where they show their containers", () => {
  const job = "scrape_configs: [{job_name: a, kind: kubelet";
  expect(read(`${job}}]`)[0]).toMatchObject({
    kind: "kubelet",
    scheme: "https",
    metricsPath: "/metrics/cadvisor",
  });
  expect(read(`${job}, scheme: http, metrics_path: /metrics}]`)[0]).toMatchObject({
    scheme: "http",
    metricsPath: "/metrics",
  });
});

test("every job has the external labels", () => {
  const jobs = read("{global: {external_labels: {region: eu}}, scrape_configs: [{job_name: a}]}", [
    "b:8180",
  ]);
  expect(jobs.map(({ externalLabels }) => externalLabels)).toEqual([
    { region: "eu" },
    { region: "eu" },
  ]);
});

describe("a job", () => {
  test("has Prometheus's defaults", () => {
    expect(read("scrape_configs: [{job_name: a}]")).toEqual([
      {
        name: "a",
        kind: undefined,
        scrapeInterval: 60_000,
        scrapeTimeout: 10_000,
        metricsPath: "/metrics",
        scheme: "http",
        params: {},
        honorLabels: false,
        honorTimestamps: true,
        externalLabels: {},
        peer: { followRedirects: true },
        limits: {
          bodyBytes: 0,
          samples: 0,
          labels: 0,
          labelNameLength: 0,
          labelValueLength: 0,
          targets: 0,
        },
        keepDroppedTargets: 0,
        discoveries: [],
        relabel: [],
        metricRelabel: [],
      },
    ]);
  });

  test("takes what it does not say from global", () => {
    const yaml = `
global: {scrape_interval: 20s, scrape_timeout: 7s, evaluation_interval: 1m, sample_limit: 9, body_size_limit: 10MB, external_labels: {region: eu}}
scrape_configs:
- {job_name: a}
- {job_name: b, scrape_interval: 5s, sample_limit: 3}
- {job_name: c, kind: agent}
`;
    const times = read(yaml).map(({ scrapeInterval, scrapeTimeout, limits }) => [
      scrapeInterval,
      scrapeTimeout,
      limits.samples,
      limits.bodyBytes,
    ]);
    expect(times).toEqual([
      [20_000, 7000, 9, 10_000_000],
      [5000, 5000, 3, 10_000_000],
      [20_000, 7000, 9, 10_000_000],
    ]);
  });

  test("of agents is asked each 15 s if nobody says anything", () => {
    expect(read("scrape_configs: [{job_name: a, kind: agent}]")[0]).toMatchObject({
      scrapeInterval: 15_000,
      scrapeTimeout: 10_000,
    });
  });

  test("says how its targets are spoken to", () => {
    const yaml = `
scrape_configs:
- job_name: a
  basic_auth: {username: me, password_file: /run/password}
  tls_config: {ca_file: ca.pem, server_name: x, min_version: TLS12, insecure_skip_verify: true}
  follow_redirects: false
- {job_name: b, authorization: {credentials: letmein}}
- {job_name: c, bearer_token_file: /run/token}
`;
    expect(read(yaml).map(({ peer }) => peer)).toEqual([
      {
        basicAuth: { username: { value: "me" }, password: { file: "/run/password" } },
        tls: { caFile: "ca.pem", serverName: "x", minVersion: "TLSv1.2", insecureSkipVerify: true },
        followRedirects: false,
      },
      {
        authorization: { type: "Bearer", credentials: { value: "letmein" } },
        followRedirects: true,
      },
      {
        authorization: { type: "Bearer", credentials: { file: "/run/token" } },
        followRedirects: true,
      },
    ]);
  });

  test("may have fields of Prometheus's that mean nothing here", () => {
    const yaml = `
scrape_configs:
- {job_name: a, scrape_protocols: [OpenMetricsText1.0.0], enable_compression: false, enable_http2: false, fallback_scrape_protocol: x}
`;
    expect(complaint(yaml)).toBe("");
  });

  test("of agents is what the setting agents makes, beside the others", () => {
    const jobs = read("scrape_configs: [{job_name: a}]", ["host:1"]);
    expect(jobs.map(({ name, kind, scrapeInterval }) => [name, kind, scrapeInterval])).toEqual([
      ["agents", "agent", 15_000],
      ["a", undefined, 60_000],
    ]);
  });
});

const SECRET = "hunter2-correct-horse";

describe("one line names what is wrong and nothing secret", () => {
  test.for<[string, string]>([
    ["scrape_interval: x", "scrape_interval must be a duration such as 30s"],
    ["scrape_interval: 0s", "scrape_interval must be longer than 0"],
    ["scrape_interval: [1]", "scrape_interval must be a duration"],
    ["scrape_timeout: -1s", "scrape_timeout must be a duration such as 30s"],
    [
      "{scrape_interval: 5s, scrape_timeout: 6s}",
      "scrape_timeout must not be longer than scrape_interval",
    ],
    [
      "{kind: agent, scrape_interval: 46s}",
      "scrape_interval must be at most 45s for agents, which keep a minute",
    ],
    ["kind: agnt", "kind must be one of agent, exposition, kubelet"],
    ["metrics_path: {a: b}", "metrics_path must be a single value"],
    ["scheme: ftp", "scheme must be one of http, https"],
    ["params: [a]", "params must be NAME: VALUE lines"],
    ["params: {a: b}", "params.a must be a list"],
    ["honor_labels: maybe", "honor_labels must be true or false"],
    ["honor_timestamps: 1", "honor_timestamps must be true or false"],
    ["follow_redirects: 'no'", "follow_redirects must be true or false"],
    [
      `basic_auth: {password: ${SECRET}, password_file: x}`,
      "basic_auth.password cannot stand beside password_file; keep one of them",
    ],
    [
      `basic_auth: {username: a, pasword: ${SECRET}}`,
      "basic_auth.pasword is unknown; did you mean password?",
    ],
    [`basic_auth: ${SECRET}`, "basic_auth must be NAME: VALUE lines"],
    [`basic_auth: {password: {a: ${SECRET}}}`, "basic_auth.password must be a single value"],
    [
      `authorization: {type: Basic, credentials: ${SECRET}}`,
      "authorization.type is for basic_auth; use that",
    ],
    ["authorization: {type: Bearer}", "authorization.credentials is missing"],
    [
      `{authorization: {credentials: ${SECRET}}, basic_auth: {username: a}}`,
      "authorization cannot stand beside basic_auth; keep one of them",
    ],
    [
      `{bearer_token: ${SECRET}, basic_auth: {username: a}}`,
      "bearer_token cannot stand beside basic_auth; keep one of them",
    ],
    [
      `{bearer_token: ${SECRET}, authorization: {credentials: a}}`,
      "authorization cannot stand beside bearer_token; keep one of them",
    ],
    [`oauth2: {client_secret: ${SECRET}}`, "oauth2 is not supported; leave it out"],
    [`proxy_url: http://me:${SECRET}@proxy`, "proxy_url is not supported; leave it out"],
    [
      "tls_config: {cert_file: a}",
      "tls_config.key_file is missing: a certificate and its key go together",
    ],
    [`tls_config: {key: ${SECRET}}`, "tls_config.key is not supported; use key_file"],
    [
      "tls_config: {min_version: TLS9}",
      "tls_config.min_version must be one of TLS10, TLS11, TLS12, TLS13",
    ],
    [
      "static_configs: [{targets: ['http://a:1']}]",
      "static_configs[0].targets[0] must be HOST:PORT, without a scheme or a path",
    ],
    ["static_configs: [{targets: a}]", "static_configs[0].targets must be a list"],
    ["static_configs: [{labels: {a-b: c}}]", "static_configs[0].labels.a-b is no label's name"],
    ["static_configs: [{label: {}}]", "static_configs[0].label is unknown; did you mean labels?"],
    ["static_configs: [7]", "static_configs[0] must be NAME: VALUE lines"],
    ["ec2_sd_configs: []", "ec2_sd_configs is not supported; http_sd_configs may serve"],
    ["file_sd_config: []", "file_sd_config is unknown; did you mean file_sd_configs?"],
    ["relabel_configs: [{regex: '('}]", "relabel_configs[0].target_label is missing"],
    [
      "metric_relabel_configs: [{action: keep, regex: '('}]",
      "metric_relabel_configs[0].regex is no RE2 expression",
    ],
    ["body_size_limit: many", "body_size_limit must be a size such as 512MiB"],
    ["sample_limit: -1", "sample_limit must be a whole number from 0"],
    ["label_limit: 1.5", "label_limit must be a whole number from 0"],
    ["target_limit: x", "target_limit must be a whole number from 0"],
    ["keep_dropped_targets: x", "keep_dropped_targets must be a whole number from 0"],
    ["job_nam: a", "job_nam is unknown; did you mean job_name?"],
  ])("%s", ([fields, problem]) => {
    const inner = fields.startsWith("{") ? fields.slice(1, -1) : fields;
    const told = complaint(`scrape_configs: [{job_name: first}, {job_name: a, ${inner}}]`);
    expect(told).toContain(`scrape_configs: [1].${problem}`);
    expect(told).not.toContain(SECRET);
    expect(told).not.toContain("\n");
  });

  test.for<[string, string]>([
    ["scrape_configs: 7", "scrape_configs: must be a list"],
    ["scrape_configs: [7]", "scrape_configs: [0] must be NAME: VALUE lines"],
    ["scrape_configs: [{}]", "scrape_configs: [0].job_name is missing"],
    [
      "scrape_configs: [{job_name: a}, {job_name: b}, {job_name: a}]",
      "scrape_configs: [2].job_name is another job's too",
    ],
    [
      "global: {scrape_intervall: 1s}",
      "global: scrape_intervall is unknown; did you mean scrape_interval?",
    ],
    ["global: {external_labels: {__a: b}}", "global: external_labels.__a is no label's name"],
    ["global: [1]", "global: must be NAME: VALUE lines"],
    [
      "{global: {scrape_interval: 1m}, scrape_configs: [{job_name: a, kind: agent}]}",
      "scrape_configs: [0].scrape_interval must be at most 45s for agents",
    ],
  ])("%s", ([yaml, problem]) => {
    expect(complaint(yaml)).toContain(problem);
  });

  test("a job may not be called as the one of the setting agents", () => {
    expect(complaint("scrape_configs: [{job_name: agents}]", ["host:1"])).toContain(
      "scrape_configs: [0].job_name is the one that the setting agents makes",
    );
    expect(complaint("scrape_configs: [{job_name: agents}]")).toBe("");
  });
});

describe("whatever stands in a field", () => {
  const fields = [
    "job_name",
    "kind",
    "scrape_interval",
    "scrape_timeout",
    "metrics_path",
    "scheme",
    "params",
    "honor_labels",
    "honor_timestamps",
    "basic_auth",
    "authorization",
    "tls_config",
    "bearer_token",
    "follow_redirects",
    "static_configs",
    "file_sd_configs",
    "http_sd_configs",
    "relabel_configs",
    "metric_relabel_configs",
    "body_size_limit",
    "sample_limit",
    "label_limit",
    "label_name_length_limit",
    "label_value_length_limit",
    "target_limit",
    "keep_dropped_targets",
  ];
  const values: readonly unknown[] = [
    null,
    true,
    -1,
    1e300,
    Number.NaN,
    SECRET,
    `${SECRET}\n${SECRET}`,
    [],
    [SECRET],
    [[SECRET]],
    [null],
    [{ [SECRET]: 1 }],
    {},
    { targets: SECRET },
    { username: [SECRET], password: SECRET },
    [{ url: `http://me:${SECRET}@[` }],
    [{ regex: `(${"x".repeat(5000)}`, action: "keep" }],
    [{ files: [SECRET] }],
    { credentials: { a: SECRET } },
    { constructor: SECRET },
    JSON.parse('{"__proto__":{"a":1}}'),
  ];

  test("it is taken or refused in one line without it", () => {
    let refused = 0;
    for (const field of fields) {
      for (const value of values) {
        const config = [{ job_name: "a", [field]: value }];
        try {
          configuredJobs({ ...nothing, global: undefined, scrape_configs: config });
        } catch (error) {
          if (!(error instanceof ConfigError)) throw new Error(field, { cause: error });
          refused++;
          expect(error.message).toMatch(/^scrape_configs: \[0\]\.[a-z_]+/u);
          expect(error.message).toContain(field);
          // The name of a field is shown, as somebody has to find it; what stands in it is not.
          const isName = (JSON.stringify(value) ?? "").includes(`"${SECRET}":`);
          if (!isName) expect(error.message).not.toContain(SECRET);
        }
      }
    }
    expect(refused).toBeGreaterThan(300);
  });
});
