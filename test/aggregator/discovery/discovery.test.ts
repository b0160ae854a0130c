import { describe, expect, test } from "vitest";

import { startDiscoveries } from "../../../aggregator/discovery/all.ts";
import { parseTarget, type Target } from "../../../aggregator/discovery/discovery.ts";

describe("an agent's address", () => {
  test.for([
    ["http://host-1:8180", "http://host-1:8180"],
    ["host-1:8180", "http://host-1:8180"],
    ["10.0.0.1:8180", "http://10.0.0.1:8180"],
    ["[::1]:8180", "http://[::1]:8180"],
    ["HTTPS://Host-1/node/a/", "https://host-1/node/a"],
  ] as const)("%s is %s", ([text, url]) => {
    expect(parseTarget(text)).toEqual({ url });
  });

  test.for([
    "",
    "http://",
    "ftp://host-1:8180",
    "http://user:secret@host-1:8180",
    "http://host-1:8180/?a=b",
    "http://host-1:8180/#top",
    "http://host-1:99999",
    "unix:///run/agent.sock",
  ])("%s is none", (text) => {
    expect(parseTarget(text)).toBeUndefined();
  });
});

test("the list that the operator wrote is found at once, each agent once", async () => {
  const found: (readonly Target[])[] = [];
  const agents = ["http://a:1", "http://b:1", "http://a:1"].map((url) => ({ url }));
  const discoveries = startDiscoveries({ agents }, (targets) => void found.push(targets));
  expect(found).toEqual([[{ url: "http://a:1" }, { url: "http://b:1" }]]);
  await discoveries.close();
});
