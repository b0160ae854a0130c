import { describe, expect, test } from "vitest";

import { configuredStores } from "../../../../aggregator/sinks/remote-write/configured.ts";
import {
  remoteWriteOptions,
  type RemoteWriteSettings,
} from "../../../../aggregator/sinks/remote-write/settings.ts";
import type { Store } from "../../../../aggregator/sinks/remote-write/store.ts";

const URL = "http://store:9090/api/v1/write";

function stores(remote_write: unknown, url?: string): readonly Store[] {
  const settings: RemoteWriteSettings = {
    global: undefined,
    remote_write,
    "remote.write.url": url,
    "remote.write.resolution": 15,
  };
  return configuredStores(settings);
}

function entry(more: object): Store {
  return stores([{ url: URL, ...more }])[0]!;
}

describe("remote_write", () => {
  test("is nothing if nobody says anything", () => {
    expect(stores(undefined)).toEqual([]);
    expect(stores(null)).toEqual([]);
  });

  test("has Prometheus's defaults", () => {
    expect(entry({})).toEqual({
      name: expect.stringMatching(/^[0-9a-f]{6}$/),
      url: URL,
      timeout: 30_000,
      headers: {},
      rules: [],
      peer: { followRedirects: true },
      message: "prometheus.WriteRequest",
      queue: {
        samplesPerSend: 2000,
        retryOn429: true,
        backOff: { least: 30, most: 30_000 },
        sampleAgeLimit: 0,
      },
    });
  });

  test("takes Prometheus's fields", () => {
    const store = entry({
      name: "mimir",
      remote_timeout: "5s",
      headers: { "X-Scope-OrgID": "team-a" },
      basic_auth: { username: "u", password_file: "secret" },
      tls_config: { ca_file: "ca.pem" },
      follow_redirects: false,
      protobuf_message: "io.prometheus.write.v2.Request",
      send_exemplars: false,
      metadata_config: { send: true },
      write_relabel_configs: [{ action: "drop", source_labels: ["__name__"], regex: "go_.*" }],
      queue_config: {
        capacity: 10_000,
        min_shards: 1,
        max_shards: 50,
        max_samples_per_send: 500,
        batch_send_deadline: "5s",
        min_backoff: "30ms",
        max_backoff: "5s",
        retry_on_http_429: false,
        sample_age_limit: "1h",
      },
    });
    expect(store).toMatchObject({
      name: "mimir",
      timeout: 5000,
      headers: { "x-scope-orgid": "team-a" },
      message: "io.prometheus.write.v2.Request",
      rules: [{ action: "drop", sourceLabels: ["__name__"] }],
      queue: {
        samplesPerSend: 500,
        retryOn429: false,
        backOff: { least: 30, most: 5000 },
        sampleAgeLimit: 3_600_000,
      },
      peer: { followRedirects: false, tls: { caFile: "ca.pem" } },
    });
  });

  test.each([
    [{ url: "store:9090" }, "[0].url must be an http or https URL"],
    [{ url: "http://me:geheim@store/" }, "[0].url must be an http or https URL"],
    [{ url: URL, name: "../up" }, "[0].name must be of at most 64"],
    [{ url: URL, urll: "" }, "[0].urll is unknown; did you mean url?"],
    [{ url: URL, headers: { "User-Agent": "x" } }, "[0].headers.User-Agent is set by us"],
    [{ url: URL, headers: { "a b": "x" } }, "[0].headers.a b can't be sent"],
    [{ url: URL, headers: { a: "x\ny" } }, "[0].headers.a can't be sent"],
    [
      { url: URL, send_exemplars: true },
      "[0].send_exemplars is not supported, as scrapes keep none",
    ],
    [{ url: URL, sigv4: {} }, "[0].sigv4 is not supported"],
    [{ url: URL, oauth2: {} }, "[0].oauth2 is not supported"],
    [{ url: URL, remote_timeout: "0s" }, "[0].remote_timeout must be longer than 0"],
    [
      { url: URL, queue_config: { min_backoff: "10s", max_backoff: "5s" } },
      "[0].queue_config.max_backoff must not be shorter",
    ],
    [{ url: URL, protobuf_message: "v2" }, "[0].protobuf_message must be one of"],
    [{ url: URL, queue_config: { shards: 1 } }, "[0].queue_config.shards is unknown"],
    [
      { url: URL, queue_config: { max_samples_per_send: 0 } },
      "max_samples_per_send must be a whole",
    ],
    [
      { url: URL, write_relabel_configs: [{ action: "no" }] },
      "write_relabel_configs[0].action must",
    ],
    [{ url: URL, basic_auth: { pasword: "geheim" } }, "[0].basic_auth.pasword is unknown"],
    [{}, "[0].url is missing"],
  ])("refuses %j and names the field, without a value", (given, message) => {
    expect(() => stores([given])).toThrow(message);
    expect(() => stores([given])).not.toThrow("geheim");
  });

  test("gives each store a name that stays, and none twice", () => {
    const other = `${URL}?tenant=b`;
    const names = stores([{ url: URL }, { url: other }]).map(({ name }) => name);
    expect(new Set(names).size).toBe(2);
    expect(stores([{ url: other }])[0]?.name).toBe(names[1]);
    expect(() => stores([{ url: URL }, { url: URL }])).toThrow("[1] has the url or the name");
    expect(() =>
      stores([
        { url: URL, name: "a" },
        { url: other, name: "a" },
      ]),
    ).toThrow("[1] has");
    expect(stores([{ url: URL }, { url: URL, name: "again" }])).toHaveLength(2);
  });

  test("has a short form", () => {
    expect(stores(undefined, URL)).toEqual([entry({})]);
    expect(() => stores([{ url: URL }], URL)).toThrow("is in remote_write too");
  });
});

describe("remote.write.url", () => {
  test("is an address without credentials", () => {
    const option = remoteWriteOptions["remote.write.url"];
    expect(option.parse(URL)).toBe(URL);
    for (const bad of ["store:9090", "ftp://store/", "http://me:geheim@store/"]) {
      expect(() => option.parse(bad)).toThrow("must be a URL such as");
    }
  });
});
