import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

/** The lines of a unit's section [Service], by name; a name may stand several times. */
function serviceOf(program: string): ReadonlyMap<string, readonly string[]> {
  const file = new URL(`../../deploy/systemd/plimsoll-${program}.service`, import.meta.url);
  const text = readFileSync(fileURLToPath(file), "utf8");
  const section = /^\[Service\]\n([^[]*)/m.exec(text)?.[1] ?? "";
  const lines = new Map<string, string[]>();
  for (const [, name = "", value = ""] of section.matchAll(/^(\w+)=(.*)$/gm)) {
    lines.set(name, [...(lines.get(name) ?? []), value]);
  }
  return lines;
}

test.each(["agent", "aggregator"])("the unit of the %s gives up what it can", (program) => {
  const service = serviceOf(program);
  for (const [name, value] of [
    ["NoNewPrivileges", "yes"],
    ["ProtectSystem", "strict"],
    ["PrivateTmp", "yes"],
    ["RestrictNamespaces", "yes"],
    ["RestrictSUIDSGID", "yes"],
    ["LockPersonality", "yes"],
    ["AmbientCapabilities", ""],
  ] as const) {
    expect(service.get(name), name).toEqual([value]);
  }
  // V8 makes code that runs: it would not start.
  expect(service.has("MemoryDenyWriteExecute")).toBe(false);
});

test("the agent keeps three capabilities, the aggregator none", () => {
  expect(serviceOf("agent").get("CapabilityBoundingSet")).toEqual([
    "CAP_DAC_READ_SEARCH CAP_SYS_PTRACE CAP_SYSLOG",
  ]);
  expect(serviceOf("aggregator").get("CapabilityBoundingSet")).toEqual([""]);
  expect(serviceOf("aggregator").get("DynamicUser")).toEqual(["yes"]);
});

test("the two keep their state in different folders", () => {
  const folders = ["agent", "aggregator"].map((program) =>
    serviceOf(program).get("StateDirectory"),
  );
  // A DynamicUser's folder is a link, which can't hold another's.
  expect(folders).toEqual([["plimsoll/agent"], ["plimsoll-aggregator"]]);
});
