import fc from "fast-check";
import { expect, it } from "vitest";

import { containerStats, type Subject } from "../../../wire/stats/answer.ts";
import { parseStatsQuery, type StatsQuery } from "../../../wire/stats/query.ts";
import { ValueText } from "../../../wire/stats/value-text.ts";
import { ValueReader } from "../../../wire/stats/values.ts";
import { seconds, subjectOf } from "./random-rings.ts";

function written(subject: Subject, query: StatsQuery): unknown {
  const reader = new ValueReader(query);
  const values = new Float64Array(reader.length);
  reader.read(subject, values);
  const time = subject.ring.timeAt(subject.ring.length - 1);
  return JSON.parse(new ValueText(query).whole(subject.container, time, values));
}

it.each([
  {},
  { window: "5s" },
  { window: "1s", stat: "max" },
  { metrics: "memory_usage_bytes,cpu_cores", stat: "p95,avg" },
])("writes of %o the very numbers that an answer of objects has", (raw) => {
  const query = parseStatsQuery(raw);
  fc.assert(
    fc.property(seconds, (steps) => {
      const subject = subjectOf("web", steps);
      const expected = JSON.parse(JSON.stringify(containerStats(subject, query))) as unknown;
      expect(written(subject, query)).toEqual(expected);
    }),
  );
});

it("writes no window if none is asked for", () => {
  const query = { ...parseStatsQuery({ metrics: "cpu_cores" }), summaries: [] };
  expect(written(subjectOf("web", [[0], [5e8]]), query)).toMatchObject({
    latest: { time: "2026-11-21T04:00:01.000Z", cpu_cores: 0.5 },
    window: {},
  });
});
