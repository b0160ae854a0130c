import { expect, it } from "vitest";

import { formatAddress, isLoopback, parseAddress } from "../../../lib/config/address.ts";

it.each([
  ["127.0.0.1:8180", "127.0.0.1", 8180],
  [":8180", "", 8180],
  ["[::1]:0", "::1", 0],
  ["[::]:65535", "::", 65_535],
  ["my-host.example:80", "my-host.example", 80],
])("reads %s", (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port });
});

it.each([
  "",
  "8180",
  "host",
  "host:",
  "host:65536",
  "host:-1",
  "host:80x",
  "::1:80",
  "[::1]",
  "[nothing]:80",
  "[]:80",
  "a b:80",
  "http://host:80",
])("does not take %j for an address", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

it.each(["127.0.0.1:8180", "[::1]:0", ":80", "host:80"])("writes %s as it was", (text) => {
  const address = parseAddress(text);
  expect(address && formatAddress(address)).toBe(text);
});

it.each([
  ["127.0.0.1", true],
  ["127.8.9.10", true],
  ["::1", true],
  ["0:0:0:0:0:0:0:1", true],
  ["::ffff:127.0.0.1", true],
  ["localhost", true],
  ["LOCALHOST", true],
  ["", false],
  ["0.0.0.0", false],
  ["::", false],
  ["128.0.0.1", false],
  ["10.0.0.1", false],
  ["::ffff:10.0.0.1", false],
  ["127.0.0.1.example", false],
])("knows whether %j is this machine alone: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
