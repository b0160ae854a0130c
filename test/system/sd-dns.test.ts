import { afterEach, expect, test } from "vitest";

import { dns } from "../../aggregator/discovery/dns/dns.ts";
import { Fields } from "../../lib/config/fields.ts";
import { discoveryKeepsItsPromises, type Place } from "../aggregator/discovery/suite.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Dnsmasq, openDnsmasq } from "../testbed/dnsmasq.ts";
import { until } from "../testbed/wait.ts";
import { discover, type Found } from "./discovered.ts";

const AGENTS = "_agent._tcp.test";

async function openPlace(): Promise<Place> {
  const server = await openDnsmasq();
  const config = { names: [AGENTS], servers: [server.server], refresh_interval: "50ms" };
  return {
    create: (context) => dns.parse(new Fields(config, "[0]"))(context),
    show: (addresses) =>
      server.serve(addresses.map((one) => `srv-host=${AGENTS},${one.replace(":", ",")}`)),
    fail: () => server.stop(),
    close: () => server.close(),
  };
}

describeWith(["dns"], "dns_sd_configs with a real server", () => {
  let server: Dnsmasq | undefined;
  let found: Found[] = [];

  afterEach(async () => {
    for (const { discovery } of found) await discovery.close();
    found = [];
    await server?.close();
    server = undefined;
  });

  async function serve(records: readonly string[]): Promise<void> {
    server ??= await openDnsmasq();
    await server.serve(records);
  }

  function find(entry: object): Found {
    const one = discover(dns, { servers: [server!.server], refresh_interval: "50ms", ...entry });
    found.push(one);
    return one;
  }

  const addresses = (one: Found): (string | undefined)[] | undefined =>
    one.targets()?.map((labels) => labels["__address__"]);

  discoveryKeepsItsPromises("dns", { open: openPlace });

  test("finds addresses, mail servers, and what stands behind another name", async () => {
    await serve([
      "host-record=web.test,10.0.0.1,2001:db8::1",
      "host-record=web.test,10.0.0.2",
      "cname=alias.test,web.test",
      "mx-host=mail.test,mx.test,10",
    ]);
    const names = ["web.test", "alias.test"];
    const four = find({ names, type: "A", port: 9100 });
    const six = find({ names, type: "AAAA", port: 9100 });
    const mail = find({ names: ["mail.test"], type: "MX", port: 25 });
    const both = await until("addresses", () => four.targets());
    const webs = both.filter((labels) => labels["__meta_dns_name"] === "web.test");
    expect(webs.map((labels) => labels["__address__"])).toEqual(["10.0.0.1:9100", "10.0.0.2:9100"]);
    expect(both).toHaveLength(4);
    await until("IPv6", () => six.targets());
    expect(new Set(addresses(six))).toEqual(new Set(["[2001:db8::1]:9100"]));
    expect(await until("MX", () => mail.targets())).toEqual([
      {
        __address__: "mx.test:25",
        __meta_dns_mx_record_target: "mx.test.",
        __meta_dns_name: "mail.test",
      },
    ]);
  });

  test("takes a name that is not there for an empty list", async () => {
    await serve(["host-record=web.test,10.0.0.1"]);
    const one = find({ names: ["nobody.test."], type: "A", port: 1 });
    expect(await until("a list", () => one.targets())).toEqual([]);
    // It is there, but has no such records.
    const other = find({ names: ["web.test."], type: "AAAA", port: 1 });
    expect(await until("a list", () => other.targets())).toEqual([]);
    expect(one.discovery.state()).toMatchObject({ failures: 0, targets: 0 });
  });

  test("keeps what it finds of one name while another cannot be looked up", async () => {
    await serve(["host-record=web.test,10.0.0.1"]);
    // The server refuses names of others.
    const one = find({ names: ["web.test.", "refused.example."], type: "A", port: 1 });
    await until("a list", () => addresses(one)?.[0] === "10.0.0.1:1");
    expect(one.discovery.state().trouble).toContain("EREFUSED");
    await serve(["host-record=web.test,10.0.0.2"]);
    await until("the change", () => addresses(one)?.[0] === "10.0.0.2:1");
  });

  test("reads answers that do not fit into one datagram", async () => {
    const records = Array.from(
      { length: 300 },
      (_, i) => `srv-host=${AGENTS},host${i}.test,${i + 1}`,
    );
    await serve(records);
    const one = find({ names: [AGENTS] });
    expect(await until("a list", () => one.targets())).toHaveLength(300);
  });
});
