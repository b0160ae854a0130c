import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";

import type {
  Discovery,
  DiscoveryContext,
  TargetGroup,
} from "../../../aggregator/discovery/discovery.ts";
import { systemClock } from "../../../lib/clock.ts";

/** A place that a discovery looks at, in the hand of a test. */
export interface Place {
  /** Makes the discovery; nothing is asked yet. */
  create(context: DiscoveryContext): Discovery;
  /** From now on these are the targets, as `HOST:PORT`. */
  show(addresses: readonly string[]): Promise<void> | void;
  /** From now on every look fails. */
  fail(): Promise<void> | void;
  /** Ends whatever was started. */
  close(): Promise<void> | void;
}

/** How a place is made, and what must never be seen of it. */
export interface Suite {
  open(): Promise<Place>;
  /** Passwords and tokens that the place was configured with. */
  readonly secrets?: readonly string[];
  /** How long a change may take to be seen; 20 s if left out. Milliseconds. */
  readonly patience?: number;
}

/** What a discovery may use; takes what it logs. */
export function discoveryContext(logged: string[] = [], folder = "/nowhere"): DiscoveryContext {
  const write = (line: string): void => void logged.push(line);
  return { clock: systemClock, logger: pino({ level: "trace" }, { write }), folder };
}

/** The addresses of all groups, sorted. */
export function addressesOf(groups: readonly TargetGroup[] | undefined): string[] | undefined {
  return groups
    ?.flatMap(({ labels, targets }) =>
      targets.map((target) => target["__address__"] ?? labels["__address__"] ?? ""),
    )
    .toSorted();
}

/** What every discovery promises; a new kind is tested by one line and what is special to it. */
export function discoveryKeepsItsPromises(kind: string, suite: Suite): void {
  const patience = suite.patience ?? 20_000;
  const limit = patience * 2 + 10_000;
  let ended: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const end of ended.toReversed()) await end();
    ended = [];
  });

  async function begin(addresses: readonly string[] | "broken"): Promise<{
    place: Place;
    discovery: Discovery;
    heard: (readonly TargetGroup[])[];
    logged: string[];
  }> {
    const place = await suite.open();
    ended.push(() => place.close());
    await (addresses === "broken" ? place.fail() : place.show(addresses));
    const logged: string[] = [];
    const discovery = place.create(discoveryContext(logged));
    ended.push(() => discovery.close());
    const heard: (readonly TargetGroup[])[] = [];
    discovery.start((groups) => void heard.push(groups));
    return { place, discovery, heard, logged };
  }

  const eventually = async (look: () => void): Promise<void> =>
    expect.poll(() => attempt(look), { timeout: patience, interval: 20 }).toBe("");

  describe(`${kind} as every discovery`, () => {
    test("says at once what is there", { timeout: limit }, async () => {
      const { discovery, heard } = await begin(["a:1", "b:2"]);
      await eventually(() => expect(addressesOf(heard.at(-1))).toEqual(["a:1", "b:2"]));
      expect(discovery.state()).toMatchObject({ kind, targets: 2, failures: 0 });
      expect(discovery.state().trouble).toBeUndefined();
      const sources = heard.at(-1)?.map(({ source }) => source) ?? [];
      expect(new Set(sources).size).toBe(sources.length);
    });

    test("says what has changed, and that nothing is left", { timeout: limit }, async () => {
      const { place, heard } = await begin(["a:1"]);
      await eventually(() => expect(addressesOf(heard.at(-1))).toEqual(["a:1"]));
      await place.show(["b:2", "c:3"]);
      await eventually(() => expect(addressesOf(heard.at(-1))).toEqual(["b:2", "c:3"]));
      await place.show([]);
      await eventually(() => expect(addressesOf(heard.at(-1))).toEqual([]));
    });

    test("keeps its list while it fails, and finds on", { timeout: limit }, async () => {
      const { place, discovery, heard } = await begin(["a:1"]);
      await eventually(() => expect(addressesOf(heard.at(-1))).toEqual(["a:1"]));
      await place.fail();
      await eventually(() => expect(discovery.state().trouble).toBeDefined());
      expect(discovery.state().failures).toBeGreaterThan(0);
      expect(discovery.state().targets).toBe(1);
      expect(addressesOf(heard.at(-1))).toEqual(["a:1"]);
      await place.show(["a:1", "b:2"]);
      await eventually(() => expect(addressesOf(heard.at(-1))).toEqual(["a:1", "b:2"]));
      await eventually(() => expect(discovery.state().trouble).toBeUndefined());
    });

    test("tells its trouble, and nothing secret", { timeout: limit }, async () => {
      const { discovery, logged } = await begin("broken");
      await eventually(() => expect(discovery.state().trouble).toBeDefined());
      const told = JSON.stringify([discovery.state(), logged]);
      expect(discovery.state().trouble).not.toBe("");
      for (const secret of suite.secrets ?? []) expect(told).not.toContain(secret);
      // The trouble is logged once, not at each look.
      const warnings = logged.filter((line) => line.includes('"level":40'));
      expect(warnings).toHaveLength(1);
    });

    test("says nothing any more once it is closed", { timeout: limit }, async () => {
      const { place, discovery, heard } = await begin(["a:1"]);
      await eventually(() => expect(heard).toHaveLength(1));
      await discovery.close();
      await place.show(["b:2"]);
      // A second one sees the change, so the first one could have.
      const again: (readonly TargetGroup[])[] = [];
      const second = place.create(discoveryContext());
      ended.push(() => second.close());
      second.start((groups) => void again.push(groups));
      await eventually(() => expect(addressesOf(again.at(-1))).toEqual(["b:2"]));
      expect(heard).toHaveLength(1);
    });

    test("may be closed before it has begun, and twice", async () => {
      const place = await suite.open();
      ended.push(() => place.close());
      const discovery = place.create(discoveryContext());
      await discovery.close();
      await discovery.close();
      expect(discovery.state()).toMatchObject({ kind, targets: 0, failures: 0 });
    });
  });
}

/** The complaint of an expectation; empty if it holds. */
function attempt(look: () => void): string {
  try {
    look();
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
