import { expect, test } from "vitest";

import { Slots } from "../../../aggregator/scrape/slots.ts";

const { signal } = new AbortController();
const LONG = 60_000;

test("ten thousand at one host keep nobody else waiting", async () => {
  const slots = new Slots(20, 10);
  // As each target has: ten thousand that listen to one signal would be slow for themselves.
  const stops = Array.from({ length: 10_000 }, () => new AbortController());
  const waiting = stops.map((stop) => slots.take("silent", LONG, stop.signal));
  for (let turn = 0; turn < 100; turn++) {
    const release = await slots.take("other", LONG, signal);
    expect(release).toBeTypeOf("function");
    release!();
  }
  for (const stop of stops) stop.abort();
  const got = (await Promise.all(waiting)).filter((release) => release !== undefined);
  expect(got).toHaveLength(10);
});

test("hosts take turns, and who waits in vain is told", async () => {
  const slots = new Slots(1, 1);
  const order: string[] = [];
  const first = await slots.take("a", LONG, signal);
  const ask = async (host: string): Promise<void> => {
    const release = await slots.take(host, LONG, signal);
    order.push(host);
    release!();
  };
  const others = [ask("a"), ask("a"), ask("b")];
  expect(await slots.take("c", 1, signal)).toBeUndefined();
  first!();
  await Promise.all(others);
  expect(order).toEqual(["a", "b", "a"]);
});

test("the addresses of a host take turns", async () => {
  const slots = new Slots(9, 1);
  const order: string[] = [];
  const first = await slots.take("host:1", LONG, signal);
  const ask = async (address: string): Promise<void> => {
    const release = await slots.take(address, LONG, signal);
    order.push(address);
    release!();
  };
  const others = ["host:1", "host:1", "host:2", "host:1"].map(ask);
  first!();
  await Promise.all(others);
  expect(order).toEqual(["host:1", "host:2", "host:1", "host:1"]);
});
