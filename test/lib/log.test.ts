import { describe, expect, it } from "vitest";

import { createLogger } from "../../lib/log.ts";
import type { Logger } from "../../lib/log.ts";

const start = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /u;

function logging(format: "text" | "json", level = "info"): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger({
    level,
    format,
    destination: { write: (line) => lines.push(line) },
  });
  return { logger, lines };
}

describe("text", () => {
  it("is a readable line", () => {
    const { logger, lines } = logging("text");
    logger.warn({ socket: "/var/run/docker.sock", tries: 3, ok: false }, "cannot reach docker");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(start);
    expect(lines[0]?.replace(start, "")).toBe(
      "warn  cannot reach docker socket=/var/run/docker.sock tries=3 ok=false\n",
    );
  });

  it("quotes what would be misread", () => {
    const { logger, lines } = logging("text");
    logger.info({ a: "two words", b: 'say "x"', c: "k=v", d: "", e: { f: [1] } }, "m");
    expect(lines[0]?.replace(start, "")).toBe(
      String.raw`info  m a="two words" b="say \"x\"" c="k=v" d="" e={"f":[1]}` + "\n",
    );
  });

  it("lets no value start a line, move the cursor or turn the writing around", () => {
    const { logger, lines } = logging("text");
    logger.info(
      { name: "a\nfake", title: "\u001b[2Jx", turn: "\u202Eb", long: "c\u2028d" },
      "x\ny",
    );
    const [line = ""] = lines;
    expect(line.trimEnd()).not.toMatch(/[\p{Cc}\u202e\u2028]/u);
    expect(line).toContain(String.raw`x\ny`);
    expect(line).toContain(String.raw`\u001b[2Jx`);
  });

  it("tells an error with its causes, and its stack only to those who look closely", () => {
    const { logger, lines } = logging("text");
    const err = new Error("cannot ask", { cause: new Error("refused") });
    logger.warn({ err }, "agent away");
    logger.error({ err }, "agent away");
    expect(lines[0]).toContain('agent away err="cannot ask: refused"');
    expect(lines[0]).not.toContain("stack=");
    expect(lines[1]).not.toContain("stack=");
    logger.level = "debug";
    logger.warn({ err }, "agent away");
    logger.error({ err }, "agent away");
    expect(lines[2]).not.toContain("stack=");
    expect(lines[3]).toMatch(/err="cannot ask: refused" stack="at /u);
    expect(lines[3]?.match(/cannot ask/gu)).toHaveLength(1);
    expect(lines[3]?.trimEnd()).not.toContain("\n");
  });

  it("carries a child's fields", () => {
    const { logger, lines } = logging("text");
    logger.child({ node: "host-1" }).info("hello");
    expect(lines[0]).toContain("hello node=host-1");
  });
});

describe("json", () => {
  it("is one object a line with time, level and fields", () => {
    const { logger, lines } = logging("json");
    logger.error({ err: new Error("x", { cause: new Error("y") }), socket: "/s" }, "cannot");
    const line = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
    expect(line).toMatchObject({
      level: "error",
      msg: "cannot",
      socket: "/s",
      err: { message: "x: y", type: "Error" },
    });
    expect(new Date(String(line["time"])).getTime()).not.toBeNaN();
    expect(line).not.toHaveProperty("pid");
  });
});

describe("level", () => {
  it("holds back what is below it and may be changed", () => {
    const { logger, lines } = logging("text", "warn");
    logger.info("quiet");
    logger.level = "debug";
    logger.debug("loud");
    expect(lines.map((line) => line.replace(start, ""))).toEqual(["debug loud\n"]);
  });
});
