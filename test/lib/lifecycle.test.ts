import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { Parts } from "../../lib/lifecycle.ts";
import { createLogger } from "../../lib/log.ts";
import type { Logger } from "../../lib/log.ts";
import { compile } from "./compiled.ts";
import type { Compiled } from "./compiled.ts";

function logging(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (line: string): void => void lines.push(line) };
  return { logger: createLogger({ level: "info", format: "text", destination }), lines };
}

describe("Parts", () => {
  it("closes in reverse order, each once and one after the other", async () => {
    const parts = new Parts();
    const closed: string[] = [];
    const part = parts.use("first", {
      close: async () => {
        await sleep(5);
        closed.push("first");
      },
    });
    expect(part).toHaveProperty("close");
    parts.defer("second", () => void closed.push("second"));
    parts.use("third", { close: async () => void closed.push("third") });
    await parts.close();
    await parts.close();
    expect(closed).toEqual(["third", "second", "first"]);
  });

  it("keeps a part's `this`", async () => {
    const parts = new Parts();
    const part = {
      closed: false,
      close(): void {
        this.closed = true;
      },
    };
    parts.use("part", part);
    await parts.close();
    expect(part.closed).toBe(true);
  });

  it("logs a part that fails or hangs, and closes the next", async () => {
    const parts = new Parts({ budgetMs: 50 });
    const { logger, lines } = logging();
    let closed = 0;
    parts.defer("last", () => void closed++);
    parts.defer("throwing", () => {
      throw new Error("disk gone");
    });
    parts.defer("rejecting", async () => Promise.reject(new Error("socket gone")));
    parts.defer("hanging", async () => new Promise(() => undefined));
    await parts.close(logger);
    expect(closed).toBe(1);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain("a part hangs and is left behind part=hanging");
    expect(lines[1]).toContain('cannot close a part part=rejecting err="socket gone"');
    expect(lines[2]).toContain('cannot close a part part=throwing err="disk gone"');
  });
});

describe("run", () => {
  let compiled: Compiled;
  const running: ChildProcess[] = [];
  beforeAll(() => {
    compiled = compile();
  }, 60_000);
  afterEach(() => {
    for (const child of running.splice(0)) child.kill("SIGKILL");
  });
  afterAll(() => compiled.remove());

  interface Program {
    readonly child: ChildProcess;
    readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
    printed(text: string): Promise<void>;
  }

  /** Starts a program whose start function has this body; it may use everything imported here. */
  function start(body: string): Program {
    const path = join(compiled.folder, "dist", `program-${crypto.randomUUID()}.js`);
    writeFileSync(
      path,
      `import { ConfigError, EarlyExit } from "./lib/errors.js";
       import { run } from "./lib/lifecycle.js";
       import { createLogger } from "./lib/log.js";
       const logger = createLogger({ level: "info", format: "text" });
       const say = (text) => process.stdout.write(text + "\\n");
       const stayAlive = () => setInterval(() => undefined, 1000);
       await run(async (parts, signals) => { ${body} });`,
    );
    const child = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "pipe"] });
    running.push(child);
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (data: Buffer) => (output.stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (output.stderr += data.toString()));
    const ended = new Promise<Awaited<Program["ended"]>>((resolve) => {
      child.once("close", (code) => resolve({ code, ...output }));
    });
    const printed = async (text: string): Promise<void> => {
      while (!(output.stdout + output.stderr).includes(text)) {
        if (child.exitCode !== null) throw new Error(`ended without "${text}": ${output.stderr}`);
        await sleep(5);
      }
    };
    return { child, ended, printed };
  }

  const closing = `parts.defer("first", () => say("closed first"));
    parts.defer("second", () => say("closed second"));`;

  it("ends with 2 and one line for a ConfigError, closing what was started", async () => {
    const { ended } = start(`${closing} throw new ConfigError("listen", "abc", "no address");`);
    expect(await ended).toEqual({
      code: 2,
      stdout: "closed second\nclosed first\n",
      stderr: 'plimsoll: listen "abc": no address\n',
    });
  });

  it("ends with 1 and one line for any other error of the start", async () => {
    const { ended } = start(
      `${closing} throw new Error("cannot open", { cause: new Error("disk\\nfull") });`,
    );
    expect(await ended).toEqual({
      code: 1,
      stdout: "closed second\nclosed first\n",
      stderr: "plimsoll: cannot open: disk full\n",
    });
  });

  it("prints what an EarlyExit says and ends with its code", async () => {
    expect(await start(`throw new EarlyExit("y".repeat(200000));`).ended).toEqual({
      code: 0,
      stdout: `${"y".repeat(200_000)}\n`,
      stderr: "",
    });
    expect((await start(`throw new EarlyExit("bad", 1);`).ended).code).toBe(1);
  });

  it.each(["SIGTERM", "SIGINT"] as const)("drains and ends with 0 on %s", async (signal) => {
    const program = start(
      `parts.defer("slow", async () => { await new Promise((r) => setTimeout(r, 50)); say("drained"); });
       stayAlive(); say("ready"); return logger;`,
    );
    await program.printed("ready");
    program.child.kill(signal);
    const { code, stdout } = await program.ended;
    expect(code).toBe(0);
    expect(stdout).toBe("ready\ndrained\n");
  });

  it("ends with 0 within 5 s although a part hangs", async () => {
    const program = start(
      `parts.defer("first", () => say("closed first"));
       parts.defer("stuck", () => new Promise(() => undefined));
       stayAlive(); say("ready"); return logger;`,
    );
    await program.printed("ready");
    const timer = setTimeout(() => program.child.kill("SIGKILL"), 5000);
    program.child.kill("SIGTERM");
    const { code, stdout, stderr } = await program.ended;
    clearTimeout(timer);
    expect(code).toBe(0);
    expect(stdout).toContain("closed first");
    expect(stderr).toContain("a part hangs and is left behind part=stuck");
  });

  it("ends at once with 1 at the second signal", async () => {
    const program = start(
      `parts.defer("stuck", () => new Promise(() => say("closing")));
       stayAlive(); say("ready"); return logger;`,
    );
    await program.printed("ready");
    program.child.kill("SIGTERM");
    await program.printed("closing");
    program.child.kill("SIGTERM");
    expect((await program.ended).code).toBe(1);
  });

  it("ends with 0 when the signal comes in the middle of the start", async () => {
    const program = start(
      `${closing} stayAlive(); say("starting"); await new Promise(() => undefined);`,
    );
    await program.printed("starting");
    program.child.kill("SIGTERM");
    expect(await program.ended).toMatchObject({
      code: 0,
      stdout: "starting\nclosed second\nclosed first\n",
    });
  });

  it("calls every reload listener on SIGHUP and goes on when one fails", async () => {
    const program = start(
      `signals.onReload(async () => { throw new Error("bad file"); });
       signals.onReload(() => say("reloaded"));
       stayAlive(); say("ready"); return logger;`,
    );
    await program.printed("ready");
    program.child.kill("SIGHUP");
    await program.printed("reloaded");
    await program.printed('cannot reload; what was in force stays err="bad file"');
    program.child.kill("SIGTERM");
    expect((await program.ended).code).toBe(0);
  });

  it("never reloads twice at a time, and once more for a signal in between", async () => {
    const program = start(
      `let rounds = 0; let release;
       signals.onReload(async () => {
         say("round " + ++rounds);
         if (rounds === 1) await new Promise((r) => { release = r; });
         say("end " + rounds);
       });
       process.on("SIGUSR2", () => release());
       stayAlive(); say("ready"); return logger;`,
    );
    await program.printed("ready");
    program.child.kill("SIGHUP");
    await program.printed("round 1");
    program.child.kill("SIGHUP");
    await sleep(50);
    program.child.kill("SIGUSR2");
    await program.printed("end 2");
    program.child.kill("SIGTERM");
    expect((await program.ended).stdout).toBe("ready\nround 1\nend 1\nround 2\nend 2\n");
  });

  it.each([
    ["an error", `setTimeout(() => { throw new Error("surprise"); }, 5);`],
    ["a rejection", `setTimeout(() => { Promise.reject(new Error("surprise")); }, 5);`],
  ])("logs %s that nobody caught, closes and ends with 1", async (kind, cause) => {
    const { ended } = start(`${closing} stayAlive(); ${cause} return logger;`);
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(1);
    expect(stdout).toBe("closed second\nclosed first\n");
    // With where it came from: a crash can't be asked again with a higher level.
    const line = `fatal ${kind} nobody caught err=surprise stack="at .*"$`;
    expect(stderr).toMatch(new RegExp(line, "mu"));
  });

  it("closes the parts of a program that simply has nothing left to do", async () => {
    expect(await start(`${closing} return logger;`).ended).toMatchObject({
      code: 0,
      stdout: "closed second\nclosed first\n",
    });
  });

  it("ends quietly when the reader of its output goes away", async () => {
    const program = start(
      `setInterval(() => say("line"), 5); parts.defer("a", () => logger.info("closed a")); return logger;`,
    );
    await program.printed("line");
    program.child.stdout?.destroy();
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\S+ info {2}closed a\n$/u);
  });
});
