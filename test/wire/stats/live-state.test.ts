import fc from "fast-check";
import { expect, it } from "vitest";

import { type ContainerStats, containerStats, type Subject } from "../../../wire/stats/answer.ts";
import { type LiveChanges, LiveState } from "../../../wire/stats/live-state.ts";
import { parseStatsQuery } from "../../../wire/stats/query.ts";
import { seconds, subjectOf } from "./random-rings.ts";

/** What somebody knows who listens from the beginning. */
type Known = Map<string, ContainerStats>;

interface Change {
  readonly id: string;
  readonly latest: Readonly<Record<string, number | string | null>>;
  readonly window?: Readonly<Record<string, Record<string, number> | null>>;
}

/** Puts what is new in the place of what was; null takes away. */
function merge(into: object, changes: object): object {
  const merged = Object.entries({ ...into, ...changes });
  return Object.fromEntries(merged.filter(([, value]) => value !== null));
}

function hear(known: Known, { added, changed, removed }: LiveChanges): void {
  for (const text of added) {
    const container = JSON.parse(text) as ContainerStats;
    known.set(container.id, container);
  }
  for (const text of changed) {
    const { id, latest, window } = JSON.parse(text) as Change;
    const before = known.get(id)!;
    known.set(id, {
      ...before,
      latest: merge(before.latest, latest),
      window: merge(before.window, window ?? {}),
    } as ContainerStats);
  }
  for (const id of removed) known.delete(id);
}

/** Without the time of the sample: it is told only with values that have changed. */
function timeless(all: Iterable<ContainerStats>): unknown {
  return [...all]
    .map(({ latest, ...rest }) => ({ ...rest, latest: { ...latest, time: "" } }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

const query = parseStatsQuery({ stat: "max,avg" });

it("tells enough for a listener to know what an answer would say", () => {
  const rounds = fc.array(
    fc.dictionary(fc.constantFrom("a", "b", "c"), fc.tuple(seconds, fc.boolean())),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(rounds, (all) => {
      const state = new LiveState(query);
      const known: Known = new Map();
      const identities = new Map<string, Subject["container"]>();
      for (const round of all) {
        const subjects = Object.entries(round).map(([name, [steps, isOther]]) => {
          const subject = subjectOf(name, steps, { image: isOther ? "other" : "one" });
          const before = identities.get(name);
          const container = before?.image === subject.container.image ? before! : subject.container;
          identities.set(name, container);
          return { ...subject, container };
        });
        for (const subject of subjects) state.take(subject);
        const changes = state.endRound();
        if (changes !== undefined) hear(known, changes);
        const answer = subjects.map((subject) => containerStats(subject, query));
        const expected = timeless(JSON.parse(JSON.stringify(answer)) as ContainerStats[]);
        expect(timeless(known.values())).toEqual(expected);
        const whole = [...state.whole()].map((text) => JSON.parse(text) as ContainerStats);
        expect(timeless(whole)).toEqual(expected);
      }
    }),
  );
});

it("says nothing when nothing has changed", () => {
  const state = new LiveState(query);
  const subject = subjectOf("web", [[0], [5e8]]);
  state.take(subject);
  expect(state.endRound()?.added).toHaveLength(1);
  state.take(subject);
  expect(state.endRound()).toBeUndefined();
});

it("tells only the values that have changed", () => {
  const some = parseStatsQuery({ metrics: "cpu_cores,memory_usage_bytes" });
  const state = new LiveState({ ...some, summaries: [] });
  const { container, ring } = subjectOf("web", [[0], [5e8]]);
  state.take({ container, ring });
  state.endRound();
  const later = subjectOf("web", [[0], [5e8], [0]]);
  state.take({ container, ring: later.ring });
  expect(state.endRound()).toEqual({
    added: [],
    changed: ['{"id":"/docker/web","latest":{"time":"2026-11-21T04:00:02.000Z","cpu_cores":0}}'],
    removed: [],
  });
  expect(state.endRound()?.removed).toEqual(["/docker/web"]);
});
