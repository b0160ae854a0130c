import { describe, expect, it } from "vitest";

import { parseDiagnosis } from "../../../agent/diagnostics/ask.ts";
import type { Diagnosis } from "../../../agent/diagnostics/diagnosis.ts";
import { writeText } from "../../../agent/diagnostics/text.ts";

const FOUND: Diagnosis = {
  node: "host-1",
  time: "2026-11-21T06:15:32.000Z",
  is_fit: false,
  findings: [
    { id: "cgroup.version", status: "ok", what: "cgroup v2", affects: [] },
    {
      id: "controller.memory",
      status: "bad",
      what: "memory is off",
      affects: ["memory", "oom_event"],
      remedy: "add cgroup_enable=memory",
    },
    { id: "kmsg", status: "note", what: "from\u001b[2Jan engine\nthat lies", affects: [] },
  ],
  metrics: ["memory_usage_bytes", "memory_rss_bytes"].map((name) => ({
    name,
    kind: "stat",
    group: "memory",
    status: "absent",
    measured_of: 0,
    looked_at: 3,
    reason: "the controller memory is not there",
    remedy: "see the finding controller.memory",
  })),
};

const PLAIN = { colours: false, metricsOnly: false };

describe("the text of a diagnosis", () => {
  it("has one line a finding, remedies below, and names together that share a reason", () => {
    expect(writeText(FOUND, PLAIN)).toBe(`host-1 at 2026-11-21T06:15:32.000Z

  ok       cgroup.version     cgroup v2
  BAD      controller.memory  memory is off; affects memory, oom_event
  note     kmsg               from [2Jan engine that lies

Remedies
  controller.memory  add cgroup_enable=memory

Not measured here, or not of all containers
  memory_usage_bytes, memory_rss_bytes
      absent: the controller memory is not there
      remedy: see the finding controller.memory

Something that is needed is not there: see the lines that begin with BAD.
`);
  });

  it("has colours for terminals, in which columns stand as before", () => {
    const colour = new RegExp(`${String.fromCodePoint(27)}\\[\\d+m`, "gu");
    const coloured = writeText(FOUND, { ...PLAIN, colours: true });
    expect(coloured).toMatch(colour);
    expect(coloured.replaceAll(colour, "")).toBe(writeText(FOUND, PLAIN));
  });

  it("tells of metrics alone where one was asked for", () => {
    const text = writeText(FOUND, { colours: false, metricsOnly: true });
    expect(text.startsWith("  memory_usage_bytes, memory_rss_bytes\n      absent:")).toBe(true);
  });

  it("gathers what is off by its group", () => {
    const off = FOUND.metrics.map((metric) => ({ ...metric, status: "off" as const }));
    const text = writeText({ ...FOUND, metrics: off }, PLAIN);
    expect(text).toContain("\n  memory  memory_usage_bytes, memory_rss_bytes\n");
    expect(text).not.toContain("Not measured here");
  });
});

describe("an agent's answer", () => {
  it("is read as it was written", () => {
    expect(parseDiagnosis(JSON.parse(JSON.stringify(FOUND)))).toEqual(FOUND);
  });

  it("of another version, or a broken one, says less", () => {
    expect(
      parseDiagnosis({
        findings: [{ id: 1, status: "odd", affects: "x" }, 7],
        metrics: [null, {}],
      }),
    ).toMatchObject({
      is_fit: false,
      findings: [{ id: "", status: "note", affects: [] }],
      metrics: [{ name: "", status: "unknown" }],
    });
  });

  it("that is none is refused", () => {
    for (const answer of [undefined, [], "x", { status: "ok" }]) {
      expect(() => parseDiagnosis(answer)).toThrow("not an agent");
    }
  });
});
