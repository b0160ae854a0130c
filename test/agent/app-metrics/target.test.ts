import { describe, expect, it } from "vitest";

import { findTarget, wantsScrape } from "../../../agent/app-metrics/target.ts";
import type { ContainerNetwork, EngineContainer } from "../../../agent/runtimes/runtime.ts";

const OWN = ["127.0.0.1", "192.168.1.2", "172.17.0.1", "fd12::1"];

function container(
  network: Partial<ContainerNetwork> | undefined,
  labels: Record<string, string> = {},
): EngineContainer {
  const { isHost = false, addresses = ["172.17.0.2"], ports = [8080] } = network ?? {};
  return {
    id: "1",
    name: "web",
    image: "web:1",
    state: "running",
    labels: { "prometheus.io/scrape": "true", ...labels },
    ...(network === undefined ? {} : { network: { isHost, addresses, ports } }),
  };
}

const at = (address: string): unknown => findTarget(container({ addresses: [address] }), OWN);
const withPath = (path: string): unknown =>
  findTarget(container({}, { "prometheus.io/path": path }), OWN);

describe("what is asked of a container", () => {
  it("is /metrics at its own address and its only port, unless its labels say otherwise", () => {
    expect(findTarget(container({}), OWN)).toEqual({
      address: "172.17.0.2",
      port: 8080,
      path: "/metrics",
    });
    const labels = { "prometheus.io/port": "9100", "prometheus.io/path": "/a/b-c.d?x=1&y=%20" };
    expect(findTarget(container({ ports: [1, 2] }, labels), OWN)).toEqual({
      address: "172.17.0.2",
      port: 9100,
      path: "/a/b-c.d?x=1&y=%20",
    });
    expect(wantsScrape({ "prometheus.io/scrape": "true" })).toBe(true);
    expect(wantsScrape({ "prometheus.io/scrape": "false" })).toBe(false);
    expect(wantsScrape({})).toBe(false);
  });

  it.each(["10.0.0.5", "172.31.255.2", "8.8.8.8", "fd00::5", "2001:db8::7"])(
    "may be at %s",
    (address) => {
      expect(at(address)).toMatchObject({ address });
    },
  );

  it.each([
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "169.254.169.254",
    "169.254.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "192.168.1.2",
    "172.17.0.1",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.5",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "fe80::1",
    "ff02::1",
    "fd12::1",
    "fd12:0::1",
    "fd00:ec2::254",
    "example.org",
    "10.0.0.5:80",
    "010.0.0.5",
    "2130706433",
    " 10.0.0.5",
  ])("is never at %s", (address) => {
    expect(at(address)).toBe("address");
  });

  it("is nothing where the network is the machine's own, or not known", () => {
    expect(findTarget(container({ isHost: true, addresses: ["10.0.0.5"] }), OWN)).toBe(
      "host_network",
    );
    expect(findTarget(container({ addresses: [] }), OWN)).toBe("no_address");
    expect(findTarget(container(undefined), OWN)).toBe("no_address");
    expect(findTarget(container({ addresses: ["10.0.0.5", "127.0.0.1"] }), OWN)).toBe("address");
  });

  it.each(["0", "65536", "-1", "80x", "8e1", "", " 80", "080", "http"])(
    "is not at port %j",
    (port) => {
      expect(findTarget(container({}, { "prometheus.io/port": port }), OWN)).toBe("port");
    },
  );

  it("is at no port where there is none, or several", () => {
    expect(findTarget(container({ ports: [] }), OWN)).toBe("port");
    expect(findTarget(container({ ports: [1, 2] }), OWN)).toBe("port");
  });

  it.each([
    "metrics",
    "",
    "//169.254.169.254/latest",
    "/\\169.254.169.254",
    "http://169.254.169.254/",
    "/../secret",
    "/a/../../b",
    "/a/..",
    "/%2e%2e/b",
    "/a/%2E./b",
    "/a/..%2fb",
    "/a b",
    "/a\r\nHost: x",
    "/a#b",
    "/ä",
    `/${"a".repeat(300)}`,
  ])("has not the path %j", (path) => {
    expect(withPath(path)).toBe("path");
  });

  it("is not anything but plain HTTP", () => {
    expect(findTarget(container({}, { "prometheus.io/scheme": "https" }), OWN)).toBe("scheme");
  });
});
