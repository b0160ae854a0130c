import { readFile } from "node:fs/promises";
import path from "node:path";

import { runToEnd } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { commandPath } from "./parts.ts";
import { openRunFolder } from "./run-folder.ts";
import { until } from "./wait.ts";

/** A terminal of a test's own: tmux, as a person has it before them. */
export interface Terminal {
  /** What stands on it now, line by line. */
  screen(): Promise<string>;
  /** Waits (30 s) until the screen matches, and gives it back. */
  shows(pattern: RegExp): Promise<string>;
  /** Waits (30 s) until the screen does not match any more, and gives it back. */
  showsNo(pattern: RegExp): Promise<string>;
  /** Presses keys by tmux's names (`Down`, `Enter`, `C-c`), or letters. */
  press(...keys: readonly string[]): Promise<void>;
  /** Types a text as it is. */
  type(text: string): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** Process id of what the shell runs in the foreground. */
  child(): Promise<number>;
  /** Ends it and all that runs in it. */
  close(): Promise<void>;
}

/** How large it is, and what its programs find in their environment. */
export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Opens a terminal in which a script of the shell runs. */
export async function openTerminal(script: string, options: TerminalOptions): Promise<Terminal> {
  const run = await openRunFolder();
  const socket = path.join(run.path, "tmux");
  const tmux = (...args: readonly string[]): Promise<string> =>
    runToEnd(commandPath("tmux"), ["-u", "-S", socket, "-f", "/dev/null", ...args], {
      // A tmux that the tests themselves run in is none of theirs.
      env: { ...run.env, ...options.env, TMUX: undefined, LANG: "C.UTF-8", LC_ALL: "C.UTF-8" },
      cwd: run.path,
    });
  const size = ["-x", String(options.columns), "-y", String(options.rows)];
  try {
    await tmux("new-session", "-d", ...size, "sh", "-c", script);
  } catch (error) {
    await removeRun(run.name);
    throw error;
  }
  const screen = (): Promise<string> => tmux("capture-pane", "-p");
  const waitFor = async (what: string, fits: (text: string) => boolean): Promise<string> => {
    let last = "";
    const check = async (): Promise<boolean> => fits((last = await screen()));
    await until(what, check, { everyMs: 100, log: () => last });
    return last;
  };
  return {
    screen,
    shows: (pattern) => waitFor(`the screen to show ${pattern}`, (text) => pattern.test(text)),
    showsNo: (pattern) =>
      waitFor(`the screen to show ${pattern} no more`, (text) => !pattern.test(text)),
    async press(...keys) {
      await tmux("send-keys", ...keys);
    },
    async type(text) {
      await tmux("send-keys", "-l", text);
    },
    async resize(columns, rows) {
      await tmux("resize-window", "-x", String(columns), "-y", String(rows));
    },
    async child() {
      const shell = (await tmux("display-message", "-p", "#{pane_pid}")).trim();
      const children = await readFile(`/proc/${shell}/task/${shell}/children`, "utf8");
      return Number(children.trim().split(" ")[0]);
    },
    async close() {
      await tmux("kill-server").catch(() => undefined);
      await removeRun(run.name);
    },
  };
}
