import { describe, expect, test } from "vitest";

import { dns } from "../../../aggregator/discovery/dns/dns.ts";
import { groupOfRecords } from "../../../aggregator/discovery/dns/records.ts";
import { namesToTry, parseSearchPath } from "../../../aggregator/discovery/dns/search-names.ts";
import { Fields } from "../../../lib/config/fields.ts";

const parse = (entry: unknown): unknown => dns.parse(new Fields(entry, "[0]"));

describe("dns_sd_configs", () => {
  test("has a target for each SRV record, with the port of the record", () => {
    const records = [
      { host: "b.example.org", port: 9101 },
      { host: "a.example.org", port: 9100 },
    ];
    expect(groupOfRecords("_agent._tcp.example.org", "SRV", records, 80)).toEqual({
      source: "_agent._tcp.example.org",
      labels: {},
      targets: [
        {
          __address__: "a.example.org:9100",
          __meta_dns_name: "_agent._tcp.example.org",
          __meta_dns_srv_record_target: "a.example.org.",
          __meta_dns_srv_record_port: "9100",
        },
        {
          __address__: "b.example.org:9101",
          __meta_dns_name: "_agent._tcp.example.org",
          __meta_dns_srv_record_target: "b.example.org.",
          __meta_dns_srv_record_port: "9101",
        },
      ],
    });
  });

  test("has a target for each address, with the port that is set", () => {
    const { targets } = groupOfRecords("web", "AAAA", [{ host: "2001:db8::1" }], 9100);
    expect(targets).toEqual([{ __address__: "[2001:db8::1]:9100", __meta_dns_name: "web" }]);
  });

  test("names the host of MX and NS records", () => {
    const [mx] = groupOfRecords("example.org", "MX", [{ host: "mail.example.org" }], 25).targets;
    expect(mx).toMatchObject({ __meta_dns_mx_record_target: "mail.example.org." });
    const [ns] = groupOfRecords("example.org", "NS", [{ host: "ns.example.org." }], 53).targets;
    expect(ns).toMatchObject({
      __address__: "ns.example.org:53",
      __meta_dns_ns_record_target: "ns.example.org.",
    });
  });

  test("tries the search path as the system's resolver does", () => {
    const path = parseSearchPath("nameserver 10.0.0.2\nsearch svc.local local.\noptions ndots:2\n");
    expect(path).toEqual({ domains: ["svc.local", "local."], ndots: 2 });
    expect(namesToTry("a.b", path)).toEqual(["a.b.svc.local.", "a.b.local.", "a.b."]);
    expect(namesToTry("a.b.c", path)).toEqual(["a.b.c.", "a.b.c.svc.local.", "a.b.c.local."]);
    expect(namesToTry("a.", path)).toEqual(["a."]);
    expect(namesToTry("a", parseSearchPath(""))).toEqual(["a."]);
  });

  test.each([
    [{}, "[0].names must have at least one name"],
    [{ names: ["a"], type: "TXT" }, "[0].type must be one of SRV, A, AAAA, MX, NS"],
    [{ names: ["a"], type: "A" }, "[0].port is needed with the type A"],
    [{ names: ["a"], port: 65_536 }, "[0].port must be a whole number from 0 to 65535"],
    [{ names: ["a"], servers: ["ns.example.org"] }, "[0].servers must be addresses such as"],
    [{ names: ["a"], refresh_intervall: "1s" }, "did you mean refresh_interval?"],
  ])("refuses %j", (entry, complaint) => {
    expect(() => parse(entry)).toThrow(complaint);
  });

  test("takes the type in any case", () => {
    expect(() => parse({ names: ["a"], type: "aaaa", port: 1 })).not.toThrow();
  });
});
