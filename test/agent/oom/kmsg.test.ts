import { expect, test } from "vitest";

import { Kmsg, openKmsg } from "../../../agent/oom/kmsg.ts";
import { fakeKmsg } from "./messages.ts";

function drained(kmsg: Kmsg): { texts: string[]; isComplete: boolean } {
  const texts: string[] = [];
  const isComplete = kmsg.drain((bytes, length) =>
    texts.push(Buffer.from(bytes.subarray(0, length)).toString()),
  );
  return { texts, isComplete };
}

test("what was said before the start is passed over", () => {
  const waiting = ["old", "older"];
  const kmsg = new Kmsg((bytes) => {
    const next = waiting.shift();
    if (next === undefined) throw Object.assign(new Error("nothing"), { code: "EAGAIN" });
    return Buffer.from(next).copy(bytes);
  });
  expect(drained(kmsg)).toEqual({ texts: [], isComplete: true });
  waiting.push("new");
  expect(drained(kmsg)).toEqual({ texts: ["new"], isComplete: true });
  expect(kmsg.records).toBe(1);
});

test("records that were overwritten are counted, and the next ones read", () => {
  const { kmsg, waiting } = fakeKmsg();
  waiting.push(Buffer.from("1"), "EPIPE", Buffer.from("9"));
  expect(drained(kmsg)).toEqual({ texts: ["1", "9"], isComplete: true });
  expect(kmsg.overruns).toBe(1);
});

test("a flood is read in parts", () => {
  const { kmsg, waiting } = fakeKmsg();
  for (let count = 0; count < 5000; count++) waiting.push(Buffer.from("x"));
  const first = drained(kmsg);
  expect(first.isComplete).toBe(false);
  const second = drained(kmsg);
  expect(second.isComplete).toBe(true);
  expect(first.texts.length + second.texts.length).toBe(5000);
});

test("an error ends it, with a reason", () => {
  const { kmsg, waiting, isClosed } = fakeKmsg();
  waiting.push("EIO", Buffer.from("x"));
  expect(drained(kmsg)).toEqual({ texts: [], isComplete: false });
  expect(kmsg.unreadable).toBe("eio");
  expect(isClosed()).toBe(true);
  expect(drained(kmsg).texts).toEqual([]);
});

test.each([
  ["/nowhere/kmsg", "enoent"],
  // What a container's /dev/kmsg may be instead.
  ["/dev/null", "other_device"],
])("%s can't be read", (path, reason) => {
  expect(openKmsg(path).unreadable).toBe(reason);
});
