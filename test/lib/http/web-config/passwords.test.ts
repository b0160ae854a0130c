import bcrypt from "bcryptjs";
import { describe, expect, it } from "vitest";

import { type Compare, Passwords } from "../../../../lib/http/web-config/passwords.ts";

const hash = bcrypt.hashSync("right", 4);
const users = new Map([["alice", hash]]);

/** Stands in for bcrypt where only how often it is asked counts. */
function fakeCompare(): { compare: Compare; asked: string[]; most: () => number } {
  const asked: string[] = [];
  let now = 0;
  let most = 0;
  return {
    asked,
    most: () => most,
    async compare(password, of) {
      asked.push(of);
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
      return password === "right";
    },
  };
}

describe("passwords", () => {
  it("are compared with their hash", async () => {
    const passwords = new Passwords();
    expect(await passwords.check(users, "alice", "right")).toBe(true);
    expect(await passwords.check(users, "alice", "wrong")).toBe(false);
    expect(await passwords.check(users, "bob", "right")).toBe(false);
    expect(await passwords.check(users, "__proto__", "right")).toBe(false);
  });

  it("are remembered, right or wrong, until the hash changes", async () => {
    const { compare, asked } = fakeCompare();
    const passwords = new Passwords(compare);
    expect(passwords.remembered(users, "alice", "right")).toBeUndefined();
    await passwords.check(users, "alice", "right");
    await passwords.check(users, "alice", "wrong");
    expect(passwords.remembered(users, "alice", "right")).toBe(true);
    expect(passwords.remembered(users, "alice", "wrong")).toBe(false);
    expect(asked).toHaveLength(2);
    const changed = new Map([["alice", bcrypt.hashSync("other", 4)]]);
    expect(passwords.remembered(changed, "alice", "right")).toBeUndefined();
    expect(passwords.remembered(new Map(), "alice", "right")).toBeUndefined();
  });

  it("of nobody are compared with a hash of the same cost that no password has", async () => {
    const { compare, asked } = fakeCompare();
    const passwords = new Passwords(compare);
    expect(await passwords.check(users, "bob", "right")).toBe(false);
    expect(asked[0]).not.toBe(hash);
    expect(bcrypt.getRounds(asked[0] ?? "")).toBe(4);
    expect(bcrypt.compareSync("right", asked[0] ?? "")).toBe(false);
  });

  it("are compared one at a time, the same at once only once, and not too many wait", async () => {
    const { compare, asked, most } = fakeCompare();
    const passwords = new Passwords(compare);
    const same = Array.from({ length: 50 }, () => passwords.check(users, "alice", "right"));
    expect(await Promise.all(same)).toEqual(same.map(() => true));
    expect(asked).toHaveLength(1);
    const others = Array.from({ length: 50 }, (_, n) => passwords.check(users, "alice", `w${n}`));
    const ends = await Promise.allSettled(others);
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(17);
    const refused = ends.find((end) => end.status === "rejected");
    expect(String(refused?.reason)).toContain("too many requests are waiting");
    expect(most()).toBe(1);
  });

  it("remembers only the last few", async () => {
    const { compare } = fakeCompare();
    const passwords = new Passwords(compare);
    await passwords.check(users, "alice", "right");
    for (let n = 0; n < 300; n++) await passwords.check(users, "alice", `w${n}`);
    expect(passwords.remembered(users, "alice", "w0")).toBeUndefined();
    expect(passwords.remembered(users, "alice", "w299")).toBe(false);
    // Who is wrong pushes nobody out who is right.
    expect(passwords.remembered(users, "alice", "right")).toBe(true);
  });
});
