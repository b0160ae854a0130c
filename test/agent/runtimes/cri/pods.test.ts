import { beforeEach, expect, it } from "vitest";

import {
  parseContainer,
  parseCriEvent,
  parseSandbox,
} from "../../../../agent/runtimes/cri/parse.ts";
import { Pods } from "../../../../agent/runtimes/cri/pods.ts";
import {
  CONTAINER,
  containerMessage,
  containerStatus,
  eventMessage,
  SANDBOX,
  sandboxMessage,
} from "./fake-cri-server.ts";

const sandbox = parseSandbox(sandboxMessage())!;

let told: string[];
let pods: Pods;

beforeEach(() => {
  told = [];
  pods = new Pods({
    upsert: () => undefined,
    remove: (id) => told.push(`remove ${id.slice(-2)}`),
    retain: () => undefined,
    cgroupsChanged: () => undefined,
    event: ({ action, id, exitCode }) =>
      told.push([action, id.slice(-2), exitCode].filter((part) => part !== undefined).join(" ")),
  });
  list([]);
  told.length = 0;
});

/** A list that tells the pod and a container in these states, and their status. */
function list(states: readonly number[], hasStatus = true): void {
  pods.beginList("cri-o");
  take(states, hasStatus);
}

function take(states: readonly number[], hasStatus = true): void {
  const containers = states.map((state) => parseContainer(containerMessage(CONTAINER, state))!);
  const unclear = pods.takeList([sandbox], containers);
  for (const id of unclear.sandboxes) {
    pods.putSandbox(sandbox);
    pods.settle(id);
  }
  for (const id of unclear.containers) {
    if (hasStatus) pods.putContainer(parseContainer(containerStatus(id, states[0]))!);
    pods.settle(id);
  }
  pods.endList();
}

it("tells a life from lists, each step once", () => {
  list([0]);
  list([1]);
  list([1]);
  list([2]);
  list([]);
  expect(told).toEqual(["create c1", "start c1", "die c1 137", "remove c1", "destroy c1"]);
});

it("tells all of a life that began and ended between two lists", () => {
  list([2]);
  expect(told).toEqual(["create c1", "start c1", "die c1 137"]);
});

it("tells the end of what ran and has gone, without a code that nobody told", () => {
  list([1]);
  list([]);
  expect(told).toEqual(["create c1", "start c1", "remove c1", "die c1", "destroy c1"]);
});

it("does not say of one that was never started that it has", () => {
  list([0]);
  list([]);
  expect(told).toEqual(["create c1", "remove c1", "destroy c1"]);
});

it("asks for a status again that did not come, and for none twice", () => {
  list([1], false);
  pods.beginList("cri-o");
  expect(pods.takeList([sandbox], [parseContainer(containerMessage())!]).containers).toEqual([
    CONTAINER,
  ]);
  list([1]);
  pods.beginList("cri-o");
  expect(pods.takeList([sandbox], [parseContainer(containerMessage())!])).toEqual({
    sandboxes: [],
    containers: [],
  });
});

it("believes an event more than a list that was asked for before it", () => {
  list([1]);
  told.length = 0;
  pods.beginList("cri-o");
  const event = parseCriEvent(eventMessage(CONTAINER, 2, [containerStatus(CONTAINER, 2)]))!;
  expect(pods.takeEvent(event)).toBe(true);
  take([1]);
  take([]);
  expect(told).toEqual(["die c1 137"]);
});

it("wants a list for a pod that is new, and for what an event does not tell", () => {
  const other = { ...eventMessage(CONTAINER, 1, [containerStatus()]) };
  other["pod_sandbox_status"] = sandboxMessage("a2".padStart(64, "0"), "db-0");
  expect(pods.takeEvent(parseCriEvent(other)!)).toBe(false);
  expect(pods.takeEvent(parseCriEvent(eventMessage(CONTAINER, 3))!)).toBe(false);
  expect(pods.takeEvent(parseCriEvent(eventMessage(CONTAINER, 1))!)).toBe(false);
  const late = eventMessage(CONTAINER, 1, [containerStatus(CONTAINER, 2)]);
  expect(pods.takeEvent(parseCriEvent(late)!)).toBe(false);
  expect(pods.takeEvent(parseCriEvent(eventMessage(SANDBOX, 1))!)).toBe(true);
});
