import { expect, test } from "vitest";

import {
  encodeRecord,
  parseRecords,
  type QueueRecord,
} from "../../../../aggregator/sinks/queue/record.ts";

const records: QueueRecord[] = ["first", "", "third"].map((text, index) => ({
  time: 1_767_225_600_000.5 + index,
  points: index * 7,
  body: Buffer.from(text),
  mark: index === 1 ? `{"e":"é"}` : "",
  isLast: index !== 0,
}));
const bytes = Buffer.concat(records.map(encodeRecord));
const ends = parseRecords(bytes, 0).records.map(({ end }) => end);

test("reads back what was written", () => {
  const { records: found, rest, end } = parseRecords(bytes, 0);
  expect(found).toEqual(records.map((record, index) => ({ ...record, end: ends[index] })));
  expect({ rest, end }).toEqual({ rest: "none", end: bytes.length });
});

test("keeps the whole records of what was cut anywhere", () => {
  for (let length = 0; length < bytes.length; length++) {
    const parsed = parseRecords(bytes.subarray(0, length), 0);
    const whole = ends.filter((end) => end <= length);
    expect(parsed.records).toHaveLength(whole.length);
    expect(parsed.end).toBe(whole.at(-1) ?? 0);
    expect(parsed.rest).toBe(parsed.end === length ? "none" : "cut");
  }
});

test("takes zeros at the end for what a power cut leaves", () => {
  const { records: found, rest } = parseRecords(Buffer.concat([bytes, Buffer.alloc(100)]), 0);
  expect(found).toHaveLength(3);
  expect(rest).toBe("cut");
});

test("notices any byte that is not what was written, and keeps what was before it", () => {
  for (let place = 0; place < bytes.length; place++) {
    const changed = Buffer.from(bytes);
    changed[place] = (changed[place] ?? 0) ^ 0x40;
    const parsed = parseRecords(changed, 0);
    expect(parsed.rest).toBe("damaged");
    expect(parsed.records).toHaveLength(ends.filter((end) => end <= place).length);
  }
});
