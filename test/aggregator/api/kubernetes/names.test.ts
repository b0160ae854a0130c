import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  dnsLabel,
  dnsSubdomain,
  uniqueNames,
  type Wish,
} from "../../../../aggregator/api/kubernetes/names.ts";

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const text = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.stringMatching(/^[aA_.-]{0,6}$/),
);

describe("names", () => {
  test("are ones that Kubernetes takes, whatever they are made from", () => {
    fc.assert(
      fc.property(text, (name) => {
        expect(dnsLabel(name)).toMatch(LABEL);
        expect(dnsSubdomain(name)).toMatch(SUBDOMAIN);
        expect(dnsSubdomain(name).length).toBeLessThanOrEqual(253);
      }),
    );
  });

  test("stay as they are where Kubernetes takes them", () => {
    fc.assert(
      fc.property(fc.stringMatching(LABEL), (name) => {
        expect(dnsLabel(name)).toBe(name);
      }),
    );
    const short = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,5}[a-z0-9])?(\.[a-z0-9]{1,5}){0,3}$/);
    fc.assert(
      fc.property(short, (name) => {
        expect(dnsSubdomain(name)).toBe(name);
      }),
    );
  });

  test("are cut and spelled so", () => {
    expect(dnsLabel("My_Shop")).toBe("my-shop");
    expect(dnsLabel("__")).toBe("unnamed");
    expect(dnsLabel(`${"a".repeat(62)}-b`)).toBe("a".repeat(62));
    expect(dnsSubdomain("shop_web.1.X9")).toBe("shop-web.1.x9");
    expect(dnsSubdomain("..a-.-b..")).toBe("a.b");
  });
});

describe("unique names", () => {
  const wish = (name: string, place: string, more: Partial<Wish> = {}): Wish => ({
    scope: "default",
    name,
    place,
    identity: `${place}/${name}`,
    ...more,
  });

  test("have their place behind them where another has the same", () => {
    const wishes = [wish("web", "n1"), wish("web", "n2"), wish("db", "n1")];
    expect(uniqueNames(wishes)).toEqual(["web.n1", "web.n2", "db"]);
    expect(uniqueNames([wish("web", "n1"), wish("web", "n1", { scope: "shop" })])).toEqual([
      "web",
      "web",
    ]);
  });

  test("have a hash where that is not enough, and given ones never change", () => {
    const [one, two] = uniqueNames([wish("Web", "n1"), wish("web", "n1")]);
    expect(one).toMatch(/^web-[0-9a-f]{10}$/);
    expect(two).toMatch(/^web-[0-9a-f]{10}$/);
    expect(one).not.toBe(two);
    const given = wish("web", "n1", { isGiven: true });
    expect(uniqueNames([wish("web", "n2"), given])).toEqual(["web.n2", "web"]);
  });

  test("are unique and valid, and the same in every order", () => {
    const place = fc.constantFrom("n1", "N1", "n2", "a.b");
    const some = fc.uniqueArray(fc.tuple(text, place), {
      selector: ([name, at]) => `${at}/${name}`,
      maxLength: 30,
    });
    fc.assert(
      fc.property(some, (all) => {
        const wishes = all.map(([name, at]) => wish(name, at));
        const names = uniqueNames(wishes);
        expect(new Set(names).size).toBe(wishes.length);
        for (const name of names) expect(name).toMatch(SUBDOMAIN);
        expect(uniqueNames(wishes.toReversed())).toEqual(names.toReversed());
      }),
    );
  });
});
