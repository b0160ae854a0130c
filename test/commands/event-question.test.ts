import { describe, expect, it } from "vitest";

import { eventLine } from "../../commands/event-line.ts";
import { parseQuestion } from "../../commands/event-question.ts";
import type { QuestionConfig } from "../../commands/events-options.ts";
import { ConfigError } from "../../lib/errors.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const PLAIN: QuestionConfig = {
  url: undefined,
  since: undefined,
  until: undefined,
  filter: [],
  format: "text",
};

describe("a question", () => {
  it.each([
    ["10m", "2026-11-21T11:50:00.000Z"],
    ["1h30m", "2026-11-21T10:30:00.000Z"],
    ["-1h", "2026-11-21T11:00:00.000Z"],
    ["2026-11-21T04:00:00Z", "2026-11-21T04:00:00.000Z"],
    ["1795233600", "2026-11-21T04:00:00.000Z"],
    ["0", "1970-01-01T00:00:00.000Z"],
    ["now", "2026-11-21T12:00:00.000Z"],
  ])("understands the time %s", (since, expected) => {
    const question = parseQuestion({ ...PLAIN, since }, NOW);
    expect(new Date(question.since ?? Number.NaN).toISOString()).toBe(expected);
  });

  it("takes a time without a zone for one of this machine", () => {
    const { until } = parseQuestion({ ...PLAIN, until: "2026-11-22T10:00" }, NOW);
    expect(until).toBe(new Date(2026, 10, 22, 10).getTime());
  });

  it("hands filters on, several of a key too, and Docker's word for a type", () => {
    const filter = ["type=died", "event=oom_kill", "container=web", "label=a=b,c"];
    const { filters } = parseQuestion({ ...PLAIN, filter }, NOW);
    expect([...filters]).toEqual([
      ["type", "died"],
      ["type", "oom_kill"],
      ["container", "web"],
      ["label", "a=b,c"],
    ]);
  });

  it.each<[string, Partial<QuestionConfig>]>([
    ["since", { since: "yesterday" }],
    ["until", { until: "2026-02-31T00:00:00Z" }],
    ["since", { since: "1m", until: "2m" }],
    ["filter", { filter: ["died"] }],
    ["filter", { filter: ["colour=red"] }],
    ["filter", { filter: ["type=exploded"] }],
    ["filter", { filter: ["node=a", "node=b"] }],
  ])("refuses what can't be meant of %s: %o", (setting, changed) => {
    const parse = (): unknown => parseQuestion({ ...PLAIN, ...changed }, NOW);
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(setting);
  });
});

describe("a line", () => {
  const event = { id: "0-1", time: "2026-11-21T12:00:00.000Z", node: "host-1" };

  it("says what happened to whom, and what is known", () => {
    const container = { name: "web", image: "nginx:1.29", labels: {}, groups: {} };
    const details = { exit_code: 137, exit_class: "oom" } as const;
    expect(eventLine({ ...event, type: "died", container, details })).toBe(
      "2026-11-21T12:00:00.000Z host-1 died web (image=nginx:1.29, exit_code=137, exit_class=oom)",
    );
  });

  it("says of the cluster what is of no node and no container", () => {
    const details = { group: "service:web", from: 1, to: 5 };
    expect(eventLine({ ...event, node: "", type: "service_scaled", details })).toBe(
      "2026-11-21T12:00:00.000Z - service_scaled - (group=service:web, from=1, to=5)",
    );
  });

  it("lets no name steer the terminal", () => {
    const container = { name: "a\u001B[2Jb", labels: {}, groups: {} };
    expect(eventLine({ ...event, type: "started", container, details: {} })).toContain("a?[2Jb");
  });
});
