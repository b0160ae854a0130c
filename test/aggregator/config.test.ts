import { homedir } from "node:os";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { aggregatorOptions, defaultHistoryDirectory } from "../../aggregator/config.ts";

describe("where the history is kept by default", () => {
  test.for([
    [{ XDG_STATE_HOME: "/state" }, 1000, "/state/plimsoll"],
    [{ XDG_STATE_HOME: "/state" }, 0, "/state/plimsoll"],
    [{ XDG_STATE_HOME: "relative" }, 0, "/var/lib/plimsoll"],
    [{}, 0, "/var/lib/plimsoll"],
    [{}, 1000, join(homedir(), ".local/state/plimsoll")],
    [{}, undefined, join(homedir(), ".local/state/plimsoll")],
  ] as const)("%o and user %i: %s", ([environment, user, directory]) => {
    expect(defaultHistoryDirectory(environment, user)).toBe(directory);
  });
});

describe("a setting", () => {
  test.for([
    ["agents", "host-1:8180, http://host-2:8180", ["host-1:8180", "http://host-2:8180"]],
    ["scrape_interval", "2s", 2],
    ["scrape_timeout", "500ms", 0.5],
    ["retention", "30d", 30 * 86_400],
    ["history.kind", "none", "none"],
    ["history.keep.1m", "0", 0],
    ["history.max.bytes", "1GiB", 1024 ** 3],
    ["resolution.seconds", "15", 15],
    ["events.retention", "1d", 86_400],
  ] as const)("%s takes %s", ([name, raw, value]) => {
    expect(aggregatorOptions[name].parse(raw)).toEqual(value);
  });

  test.for([
    ["agents", "ftp://host-1", "must be URLs such as http://host-1:8180"],
    ["agents", "http://user:secret@host-1:8180", "without user, query or fragment"],
    // Agents keep a minute: asked less often, they would lose samples.
    ["scrape_interval", "60s", "must be a duration such as 30s or 1h30m from 100ms to 45s"],
    ["scrape_timeout", "0", "must be a duration"],
    ["history.kind", "influxdb", "must be one of duckdb, none"],
    ["history.dir", "", "must be the path of a folder"],
    ["retention", "1m", "of at least 10m"],
    ["history.max.bytes", "1MiB", "must be a size"],
    ["resolution.seconds", "5", "must be 1 or 15"],
  ] as const)("%s refuses %s", ([name, raw, complaint]) => {
    expect(() => aggregatorOptions[name].parse(raw)).toThrow(complaint);
  });
});
