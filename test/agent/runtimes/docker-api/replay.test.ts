import { expect, it } from "vitest";

import { EVENTS_PATH } from "../../../../agent/runtimes/docker-api/events.ts";
import { millisecondsOf, nanosOf, Replay } from "../../../../agent/runtimes/docker-api/replay.ts";

const NOW = 1_795_000_000_000;
const NANOS = "1794999990123456789";

it("asks for what comes, then for what has come since, a little more and not too much", () => {
  const replay = new Replay(undefined);
  expect(replay.path(NOW)).toBe(EVENTS_PATH);
  // Nothing was heard: what was missed came after the connection was there.
  expect(replay.path(NOW + 60_000)).toBe(`${EVENTS_PATH}&since=${NOW / 1000 - 2}`);
  replay.isNew("a", "start", NANOS);
  expect(replay.path(NOW)).toBe(`${EVENTS_PATH}&since=1794999988`);
  expect(replay.path(NOW + 86_400_000)).toBe(`${EVENTS_PATH}&since=${NOW / 1000 + 82_800}`);
});

it("goes on where an earlier run has stopped", () => {
  expect(new Replay(NOW - 5500).path(NOW)).toBe(`${EVENTS_PATH}&since=${NOW / 1000 - 8}`);
});

it("knows again what it has heard, to the nanosecond", () => {
  const replay = new Replay(undefined);
  expect(replay.isNew("a", "start", NANOS)).toBe(true);
  expect(replay.isNew("a", "start", NANOS)).toBe(false);
  expect(replay.isNew("a", "start", `${NANOS.slice(0, -1)}8`)).toBe(true);
  expect(replay.isNew("a", "die", NANOS)).toBe(true);
  expect(replay.isNew("b", "start", NANOS)).toBe(true);
  // An engine that tells no time tells nothing again.
  expect([1, 2].map(() => replay.isNew("a", "start", undefined))).toEqual([true, true]);
});

it("goes back with a clock that was set back", () => {
  const replay = new Replay(undefined);
  replay.isNew("a", "start", "2795000000000000000");
  replay.isNew("a", "die", NANOS);
  expect(replay.path(NOW)).toBe(`${EVENTS_PATH}&since=1794999988`);
});

it("forgets what was heard long ago", () => {
  const replay = new Replay(undefined);
  for (let count = 0; count <= 2000; count++) replay.isNew(`${count}`, "start", NANOS);
  expect(replay.isNew("2000", "start", NANOS)).toBe(false);
  expect(replay.isNew("0", "start", NANOS)).toBe(true);
});

it.each([
  [`{"Type":"container","timeNano":${NANOS}}`, NANOS],
  [`{"Type":"container","timeNano": ${NANOS}, "x":1}`, NANOS],
  [`{"Actor":{"Attributes":{"a":"\\"timeNano\\":1"}},"timeNano":${NANOS}}`, NANOS],
  [`{"Actor":{"Attributes":{"timeNano":"1"}}}`, undefined],
  ["{}", undefined],
])("finds the time in %s", (line, nanos) => {
  expect(nanosOf(line)).toBe(nanos);
});

it("has whole milliseconds of it", () => {
  expect(millisecondsOf(NANOS)).toBe(1_794_999_990_123);
});
