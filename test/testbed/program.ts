import { existsSync } from "node:fs";
import path from "node:path";

import { startChild } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { openRunFolder } from "./run-folder.ts";
import { until } from "./wait.ts";

/** Around a `plimsoll` command. */
export interface ProgramOptions {
  env?: NodeJS.ProcessEnv;
  /** Network namespace to run in: `Host.netns` of network.ts. */
  netns?: string;
  /** Working folder; a new empty one if not told. */
  cwd?: string;
  /** Started instead of `dist/cli.js`: a script for Node.js. */
  script?: string;
}

/** A running `plimsoll` command. */
export interface Program {
  readonly pid: number;
  /** A folder of its own, removed at the end: for configuration, history, … */
  readonly folder: string;
  stdout(): string;
  stderr(): string;
  /** Waits (30 s) until its output matches, and returns the match; throws at once if it ends before. */
  printed(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Waits (30 s) until the address answers 2xx to a GET. Only without `netns`, or with an address of its network. */
  ready(url: string, timeoutMs?: number): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Waits until it ends by itself, for example after a bad setting, and returns its exit code. */
  ended(timeoutMs?: number): Promise<number | null>;
  /** SIGTERM; throws unless it ends with exit code 0 within 6 s. Harmless when it has ended. */
  close(): Promise<void>;
  /** SIGKILL, for tests of a crash. */
  kill(): Promise<void>;
}

/** The built command. */
export const cliPath: string = path.resolve(import.meta.dirname, "../../dist/cli.js");

/** Starts `plimsoll <args>` from the built project. Does not wait: see `printed` and `ready`. */
export async function startProgram(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Program> {
  const script = options.script ?? cliPath;
  if (!existsSync(script)) throw new Error(`cannot find ${script}: run \`npm run build\` first`);
  const run = await openRunFolder();
  const child = await startChild({
    command: process.execPath,
    args: [script, ...args],
    cwd: options.cwd ?? run.path,
    // What it keeps over restarts is no other program's.
    env: { ...cleared(), XDG_STATE_HOME: run.path, ...options.env, ...run.env },
    netns: options.netns,
  });
  const waiting = { log: () => child.tail(), ended: () => child.ended() };
  return {
    pid: child.pid,
    folder: run.path,
    stdout: () => child.stdout(),
    stderr: () => child.stderr(),
    signal: (signal) => child.signal(signal),
    printed(pattern, timeoutMs = 30_000) {
      const search = (): RegExpExecArray | undefined =>
        pattern.exec(`${child.stdout()}\n${child.stderr()}`) ?? undefined;
      // What it said last is found even if it has ended since.
      const ended = (): string | undefined => (search() ? undefined : child.ended());
      return until(`it to print ${pattern}`, search, { ...waiting, ended, timeoutMs });
    },
    async ready(url, timeoutMs = 30_000) {
      const answers = async (): Promise<boolean> => {
        const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
        await response.body?.cancel();
        return response.ok;
      };
      await until(`${url} to answer`, answers, { ...waiting, timeoutMs });
    },
    async ended(timeoutMs = 30_000) {
      const over = (): boolean => child.ended() !== undefined;
      await until("it to end by itself", over, { log: waiting.log, timeoutMs });
      return (await child.exited).code;
    },
    async close() {
      try {
        if (child.ended() !== undefined) return;
        const { code, signal } = await child.stop({ timeoutMs: 6000 });
        if (code !== 0) {
          throw new Error(`it should end with exit code 0, not ${code ?? signal}\n${child.tail()}`);
        }
      } finally {
        await removeRun(run.name);
      }
    },
    async kill() {
      await child.stop({ signal: "SIGKILL" });
    },
  };
}

// What the tests themselves run under, and settings of whoever runs them, must not reach the program.
function cleared(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) =>
    /^(PLIMSOLL_|VITEST|NODE_OPTIONS$|NODE_ENV$|DOCKER_HOST$)/.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
