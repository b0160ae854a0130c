import { afterEach, expect, test } from "vitest";

import { readKubeEvent } from "../../../aggregator/discovery/kubernetes/kube-event.ts";
import { kubernetes } from "../../../aggregator/discovery/kubernetes/kubernetes.ts";
import { Orchestrators } from "../../../aggregator/events/orchestrators.ts";
import { Fields } from "../../../lib/config/fields.ts";
import type { NewEvent } from "../../../wire/events/event.ts";
import { type FakeObject, FakeKubernetes } from "../fakes/kubernetes.ts";
import { discoveryContext } from "./suite.ts";

const EVENTS = "/api/v1/events";
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** As https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ has it. */
function eventOf(name: string, count: number, more: object = {}): FakeObject {
  return {
    metadata: { name, namespace: "shop", uid: `uid-${name}` } as FakeObject["metadata"],
    involvedObject: {
      kind: "Pod",
      namespace: "shop",
      name: "web-1",
      fieldPath: "spec.containers{web}",
    },
    reason: "BackOff",
    message: "Back-off restarting failed container",
    source: { component: "kubelet", host: "node1" },
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: `2026-01-01T00:00:0${count}Z`,
    count,
    type: "Warning",
    ...more,
  };
}

interface Listening {
  readonly told: NewEvent[];
  readonly lines: () => string[];
  readonly close: () => Promise<void>;
}

/** Discoveries of several roles of one cluster, with what an earlier run has put down. */
function listen(url: string, marks: ReadonlySet<string> = new Set()): Listening {
  const told: NewEvent[] = [];
  const earlier = { count: () => undefined, has: (mark: string) => marks.has(mark) };
  const orchestrators = new Orchestrators((event) => told.push(event), earlier);
  const discoveries = ["pod", "node"].map((role) => {
    const fields = new Fields({ api_server: url, role }, "[0]");
    return kubernetes.parse(fields)({ ...discoveryContext(), orchestrators });
  });
  for (const discovery of discoveries) discovery.start(() => undefined);
  const close = async (): Promise<void> => {
    for (const discovery of discoveries) await discovery.close();
    await orchestrators.close();
  };
  closers.push(close);
  const lines = (): string[] => told.map(({ details }) => details.mark ?? "");
  return { told, lines, close };
}

async function startFake(): Promise<{ fake: FakeKubernetes; url: string }> {
  const fake = new FakeKubernetes();
  const url = await fake.listen();
  closers.push(() => fake.close());
  return { fake, url };
}

const eventWatches = (fake: FakeKubernetes): URL[] =>
  fake.asked.filter((url) => url.pathname === EVENTS && url.searchParams.has("watch"));

test("an event is understood in either of its forms", () => {
  expect(readKubeEvent(eventOf("a", 3))).toEqual({
    uid: "uid-a",
    count: 3,
    event: {
      time: "2026-01-01T00:00:03.000Z",
      node: "node1",
      type: "kubernetes_event",
      container: {
        name: "web-1",
        labels: {},
        groups: { namespace: "shop", pod: "web-1", container: "web" },
      },
      details: {
        reason: "BackOff",
        severity: "Warning",
        message: "Back-off restarting failed container",
        count: 3,
        kind: "Pod",
        object: "web-1",
        namespace: "shop",
        group: "namespace:shop",
        reporter: "kubelet",
        mark: "uid-a 3",
      },
    },
  });
  const newer = {
    metadata: { name: "n.1", uid: "u" },
    regarding: { kind: "Node", name: "node2" },
    reason: "NodeNotReady",
    note: "Node node2 status is now: NodeNotReady",
    reportingComponent: "node-controller",
    eventTime: "2026-01-01T00:00:01.123456Z",
    series: { count: 7, lastObservedTime: "2026-01-01T00:00:09.999999Z" },
    type: "Normal",
  };
  expect(readKubeEvent(newer)?.event).toMatchObject({
    time: "2026-01-01T00:00:09.999Z",
    node: "node2",
    details: { count: 7, kind: "Node", object: "node2", reporter: "node-controller" },
  });
  for (const odd of [null, 1, {}, { reason: "x" }, { metadata: { name: "a" }, reason: "" }]) {
    expect(readKubeEvent(odd)).toBeUndefined();
  }
});

test("each is told once, however many roles see the cluster, and again when it happens again", async () => {
  const { fake, url } = await startFake();
  fake.put(EVENTS, eventOf("a", 1));
  const { lines } = listen(url);
  await expect.poll(lines, { timeout: 10_000 }).toEqual(["uid-a 1"]);
  await expect.poll(() => eventWatches(fake).length, { timeout: 10_000 }).toBe(1);
  fake.put(EVENTS, eventOf("b", 1));
  fake.put(EVENTS, eventOf("a", 2));
  // Touched by somebody, but not happened.
  fake.put(EVENTS, eventOf("a", 2, { reportingInstance: "x" }));
  fake.remove(EVENTS, eventOf("b", 1));
  fake.put(EVENTS, eventOf("c", 1));
  await expect
    .poll(lines, { timeout: 10_000 })
    .toEqual(["uid-a 1", "uid-b 1", "uid-a 2", "uid-c 1"]);
});

test("nothing is skipped nor told twice when a watch is cut, or its version has expired", async () => {
  const { fake, url } = await startFake();
  fake.put(EVENTS, eventOf("a", 1));
  const { lines } = listen(url);
  await expect.poll(() => eventWatches(fake).length, { timeout: 10_000 }).toBe(1);
  fake.cut();
  fake.put(EVENTS, eventOf("b", 1));
  fake.remove(EVENTS, eventOf("b", 1));
  await expect.poll(lines, { timeout: 20_000 }).toEqual(["uid-a 1", "uid-b 1"]);
  fake.cut();
  fake.put(EVENTS, eventOf("c", 1));
  fake.compact();
  await expect.poll(lines, { timeout: 20_000 }).toEqual(["uid-a 1", "uid-b 1", "uid-c 1"]);
}, 60_000);

test("what an earlier run has put down is not told again", async () => {
  const { fake, url } = await startFake();
  for (const name of ["a", "b"]) fake.put(EVENTS, eventOf(name, 1));
  fake.put(EVENTS, eventOf("b", 2));
  const { lines } = listen(url, new Set(["uid-a 1", "uid-b 1"]));
  await expect.poll(lines, { timeout: 10_000 }).toEqual(["uid-b 2"]);
});
