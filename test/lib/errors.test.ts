import { describe, expect, it } from "vitest";

import { bug, codeOf, ConfigError, hiddenValue, messageOf } from "../../lib/errors.ts";

describe("ConfigError", () => {
  it("names setting, value and remedy", () => {
    const error = new ConfigError("listen", "abc", "must be HOST:PORT");
    expect(error.message).toBe('listen "abc": must be HOST:PORT');
    expect(error.setting).toBe("listen");
  });

  it("leaves out a value that is not there", () => {
    expect(new ConfigError("listen", undefined, "needs a value").message).toBe(
      "listen: needs a value",
    );
  });

  it("never shows what is hidden, nor a password in a URL", () => {
    expect(new ConfigError("password", hiddenValue, "is too short").message).toBe(
      "password (value not shown): is too short",
    );
    const { message } = new ConfigError("url", "http://me:hunter2@db:1/x?p=hunter2", "no");
    expect(message).not.toContain("hunter2");
    expect(message).toBe('url "http://db:1/x?…" (a part is not shown): no');
    const urls = ["http://a", "http://me:hunter2@b"];
    expect(new ConfigError("urls", urls, "no").message).toBe(
      'urls ["http://a","http://b"] (a part is not shown): no',
    );
  });

  it("is one line, whatever the value", () => {
    const error = new ConfigError("name", "a\nb", `first\r\n second ${"x".repeat(10)}`);
    expect(error.message).toBe(String.raw`name "a\nb": first second xxxxxxxxxx`);
  });

  it("cuts an endless value", () => {
    expect(new ConfigError("name", "x".repeat(5000), "no").message.length).toBeLessThan(250);
  });

  it("shows values that are no text", () => {
    expect(new ConfigError("jobs", [1, { a: true }], "no").message).toBe('jobs [1,{"a":true}]: no');
  });
});

describe("messageOf", () => {
  it("joins an error and its causes", () => {
    const error = new Error("cannot read x", {
      cause: new Error("cannot open", { cause: new Error("ENOENT") }),
    });
    expect(messageOf(error)).toBe("cannot read x: cannot open: ENOENT");
  });

  it("says nothing twice", () => {
    const cause = new Error("no such file");
    expect(messageOf(new Error("cannot read: no such file", { cause }))).toBe(
      "cannot read: no such file",
    );
  });

  it("speaks for an error of several errors", () => {
    const error = new AggregateError([
      new Error("refused by ::1"),
      new Error("refused by 127.0.0.1"),
    ]);
    expect(messageOf(error)).toBe("refused by ::1, refused by 127.0.0.1");
  });

  it("takes what is no error, what has no text, and what bites its tail", () => {
    const ring = new Error("round");
    ring.cause = ring;
    expect(messageOf(ring)).toBe("round");
    expect(messageOf("plain")).toBe("plain");
    expect(messageOf({ a: 1 })).toBe('{"a":1}');
    expect(messageOf(new TypeError(""))).toBe("TypeError");
    expect(messageOf(undefined)).toBe("");
  });

  it("is one line", () => {
    expect(messageOf(new Error("a\n  b"))).toBe("a b");
  });
});

describe("codeOf", () => {
  it("gives a code that is a text and nothing else", () => {
    expect(codeOf(Object.assign(new Error("x"), { code: "ENOENT" }))).toBe("ENOENT");
    expect(codeOf(Object.assign(new Error("x"), { code: 5 }))).toBeUndefined();
    expect(codeOf(null)).toBeUndefined();
  });
});

describe("bug", () => {
  it("throws an error that says so", () => {
    expect(() => bug("no such ring")).toThrow("BUG: no such ring");
  });
});
