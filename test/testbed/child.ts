import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";

import { within } from "./wait.ts";

/** How a process ended: one of the two is null. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** What to start, and with what around it. */
export interface ChildOptions {
  command: string;
  args: readonly string[];
  /** Added to the environment of the tests. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Name of a network namespace (see network.ts) to start it in. */
  netns?: string | undefined;
  /** Told every piece of output as it comes. */
  onOutput?: (text: string) => void;
}

/** A process that a test has started and must end. */
export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stdout(): string;
  stderr(): string;
  /** The last lines of both, as they came; 25 if not told. */
  tail(lines?: number): string;
  /** Undefined while it runs, afterwards words such as "it ended with exit code 1". */
  ended(): string | undefined;
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal (SIGTERM) and waits; after the time (20 s) it is killed and an error thrown. */
  stop(options?: { signal?: NodeJS.Signals; timeoutMs?: number }): Promise<Exit>;
}

// Enough for any test; a server that floods its log must not fill the memory of the tests.
const keptCharacters = 4_000_000;

/** Starts a process of its own id, keeps its output; throws if the command is not there. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { command, args, netns } = options;
  // nsenter replaces itself by the command, so the process id stays. `ip netns exec` would also
  // mount a new /sys, without the cgroups.
  const line =
    netns === undefined
      ? [command, ...args]
      : ["nsenter", `--net=/run/netns/${netns}`, command, ...args];
  const started = spawn(line[0]!, line.slice(1), {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    started.once("spawn", resolve);
    started.once("error", (cause) => reject(new Error(`cannot start ${line[0]}`, { cause })));
  });
  return watch(started, command, options.onOutput);
}

function watch(
  started: ChildProcessByStdio<null, Readable, Readable>,
  command: string,
  onOutput: (text: string) => void = () => {},
): Child {
  const kept = { stdout: "", stderr: "", both: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    started[stream].setEncoding("utf8").on("data", (text: string) => {
      kept[stream] = (kept[stream] + text).slice(-keptCharacters);
      kept.both = (kept.both + text).slice(-keptCharacters);
      onOutput(text);
    });
  }
  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    started.once("exit", (code, signal) => {
      exit = { code, signal };
      // The last lines may still be in the pipe; a grandchild that keeps it open must not stop us.
      const settle = (): void => resolve({ code, signal });
      started.once("close", settle);
      setTimeout(settle, 500).unref();
    });
  });
  const child: Child = {
    pid: started.pid!,
    exited,
    stdout: () => kept.stdout,
    stderr: () => kept.stderr,
    tail: (lines = 25) => kept.both.trimEnd().split("\n").slice(-lines).join("\n"),
    ended: () => exit && `it ended ${exitWords(exit)}`,
    signal(signal) {
      if (exit === undefined) started.kill(signal);
    },
    async stop({ signal = "SIGTERM", timeoutMs = 20_000 } = {}) {
      child.signal(signal);
      try {
        return await within(`${command} should end on ${signal}`, timeoutMs, exited);
      } catch (error) {
        child.signal("SIGKILL");
        await exited;
        throw new Error(`${String(error)}\nlast lines of its log:\n${child.tail()}`, {
          cause: error,
        });
      }
    },
  };
  return child;
}

function exitWords({ code, signal }: Exit): string {
  return code === null ? `by signal ${signal}` : `with exit code ${code}`;
}

/** Runs a command to its end and returns what it wrote to stdout; throws with its last lines if it failed or took too long. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  options: Omit<ChildOptions, "command" | "args"> & { timeoutMs?: number } = {},
): Promise<string> {
  const { timeoutMs = 60_000, ...around } = options;
  const child = await startChild({ ...around, command, args });
  const what = `${command} ${args.join(" ")}`;
  const exit = await within(what, timeoutMs, child.exited).catch((error: unknown) => {
    child.signal("SIGKILL");
    throw new Error(`${String(error)}\n${child.tail()}`, { cause: error });
  });
  if (exit.code === 0) return child.stdout();
  throw new Error(`cannot run ${what}: it ended ${exitWords(exit)}\n${child.tail()}`);
}
