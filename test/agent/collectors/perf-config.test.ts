import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { checkPerfConfig, parsePerfConfig } from "../../../agent/collectors/perf-config.ts";

const WHOLE = {
  core: {
    events: [["instructions", "instructions_retired"], "cycles"],
    custom_events: [{ type: 4, config: ["0x5300c0"], name: "instructions_retired" }],
  },
  uncore: {
    events: ["uncore_imc/cas_count_read", "cas_count_all"],
    custom_events: [
      { config: ["0xc04", "017", "0b11"], name: "uncore_imc/cas_count_read" },
      { type: 19, config: ["18446744073709551615"], name: "cas_count_all" },
    ],
  },
};

describe("a file of perf events", () => {
  it("is read as cAdvisor reads it", () => {
    expect(parsePerfConfig(JSON.stringify(WHOLE))).toEqual({
      core: {
        groups: [["instructions", "instructions_retired"], ["cycles"]],
        custom: new Map([["instructions_retired", { type: 4, config: [0x5300c0n] }]]),
      },
      uncore: {
        groups: [["uncore_imc/cas_count_read"], ["cas_count_all"]],
        custom: new Map([
          ["uncore_imc/cas_count_read", { type: 0, config: [0xc04n, 15n, 3n] }],
          ["cas_count_all", { type: 19, config: [2n ** 64n - 1n] }],
        ]),
      },
    });
  });

  it("may leave out what it does not need", () => {
    const empty = { groups: [], custom: new Map() };
    expect(parsePerfConfig("{}")).toEqual({ core: empty, uncore: empty });
    expect(parsePerfConfig('{"core": {"events": null}}').core).toEqual(empty);
  });

  const one = (event: object): string =>
    JSON.stringify({ core: { events: ["a"], custom_events: [event] } });

  it.each([
    ["", /^must hold JSON: /],
    ["[]", "the file must be an object"],
    ['{"kernel": {}}', "the file must not have kernel, only core, uncore"],
    ['{"core": []}', "core must be an object"],
    ['{"core": {"event": []}}', "core must not have event, only events, custom_events"],
    ['{"core": {"events": "cycles"}}', "core.events must be a list"],
    ['{"uncore": {"events": ["a", ""]}}', "uncore.events[1] must be the name of an event"],
    ['{"core": {"events": [7]}}', "core.events[0] must be the name of an event or a list of names"],
    ['{"core": {"events": [[]]}}', "core.events[0] must not be empty"],
    ['{"core": {"events": [["a", 7]]}}', "core.events[0][1] must be the name of an event"],
    ['{"core": {"events": ["a", ["b", "a"]]}}', "core.events must not have a twice"],
    [one({}), "core.custom_events[0].config must hold one, two or three numbers"],
    [one({ name: "a", config: ["1", "2", "3", "4"] }), /config must hold one, two or three/],
    [one({ name: "a", config: "0x1" }), "core.custom_events[0].config must be a list"],
    [one({ name: "a", config: [1] }), 'config[0] must be a number in quotes such as "0x5300c0"'],
    [
      one({ name: "a", config: ["ten"] }),
      'config[0] must be a number in quotes such as "0x5300c0"',
    ],
    [one({ name: "a", config: ["0x10000000000000000"] }), "config[0] must fit into 64 bits"],
    [
      one({ name: "a", config: ["1"], type: -1 }),
      /type must be a whole number from 0 to 4294967295/,
    ],
    [one({ name: "a", config: ["1"], type: "4" }), /type must be a whole number from 0/],
    [one({ config: ["1"] }), "core.custom_events[0].name must be the name of an event"],
    [one({ name: "a", config: ["1"], unit: 1 }), /must not have unit, only type, config, name/],
  ])("that is wrong is refused with the place and what would do: %s", (text, message) => {
    expect(() => parsePerfConfig(text)).toThrow(message);
  });

  it("must not tell the numbers of an event twice", () => {
    const custom = { name: "a", config: ["1"] };
    const text = JSON.stringify({ core: { events: ["a"], custom_events: [custom, custom] } });
    expect(() => parsePerfConfig(text)).toThrow(
      "core.custom_events[1].name must not be a a second time",
    );
  });

  it("is looked at where it stands", () => {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-perf-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "perf.json");
    expect(checkPerfConfig(path)).toMatch(/^must be a file that can be read: ENOENT/);
    writeFileSync(path, "{");
    expect(checkPerfConfig(path)).toMatch(/^must hold JSON: /);
    writeFileSync(path, JSON.stringify(WHOLE));
    expect(checkPerfConfig(path)).toBeUndefined();
  });
});
