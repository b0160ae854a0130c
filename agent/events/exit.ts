import type { ExitClass } from "../../wire/events/event.ts";

/** What is known of an end. */
export interface End {
  readonly exitCode: number | undefined;
  /** The last signal that somebody sent through the engine before it ended. */
  readonly asked: number | undefined;
  /** The kernel killed one of its processes for the lack of memory shortly before. */
  readonly wasOutOfMemory: boolean;
}

const KILL = 9;
/** What a stop sends: the usual ones, and those that images name instead. */
const STOPPING: readonly (number | undefined)[] = [1, 2, 3, 15];
/** A shell's way of telling that a signal ended a process. */
const BY_SIGNAL = 128;
const LAST_SIGNAL = 64;

/** The signal that an exit code tells of: 137 is 9. Undefined if it tells of none. */
export function signalOf(exitCode: number | undefined): number | undefined {
  if (exitCode === undefined) return undefined;
  const signal = exitCode - BY_SIGNAL;
  return signal > 0 && signal <= LAST_SIGNAL ? signal : undefined;
}

/**
 * Why a container ended. Killed by the kernel's lack of memory counts before all else; then whatever
 * somebody asked for through the engine is planned, however the program takes it; a program that ends
 * by itself with 0 is done, with anything else it failed. A kill that nobody asked the engine for
 * can't be told from one for the lack of memory that the kernel did not report.
 */
export function classifyExit({ exitCode, asked, wasOutOfMemory }: End): ExitClass {
  const signal = signalOf(exitCode);
  if (wasOutOfMemory && signal === KILL) return "oom";
  if (asked === KILL || STOPPING.includes(asked)) return "planned";
  if (exitCode === undefined) return wasOutOfMemory ? "oom" : "unknown";
  if (exitCode === 0) return "completed";
  if (signal === KILL) return "unknown";
  // Who is sent a stop from outside, by the machine's shutdown for example, has not failed.
  return signal === 15 ? "planned" : "crash";
}
