import { pino } from "pino";
import type { Logger as PinoLogger } from "pino";

import { messageOf } from "./errors.ts";
import { textLine } from "./log-text.ts";

/** A pino logger: `logger.warn({ socket }, "cannot reach docker")`. */
export type Logger = PinoLogger;

/** What a logger writes and where. */
export interface LoggerOptions {
  readonly level: string;
  readonly format: "text" | "json";
  /** Takes whole lines with their newline; stderr if left out. */
  readonly destination?: { write(line: string): void };
}

/**
 * The program's logger. Its `level` may be set at any time; children made before keep their own.
 * Text lines read `2026-11-21T04:00:00.000Z warn  cannot reach docker socket=/var/run/docker.sock`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const out = options.destination ?? process.stderr;
  const write =
    options.format === "json"
      ? (line: string): void => void out.write(line)
      : (line: string): void => void out.write(textLine(line, logger.isLevelEnabled("debug")));
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
    },
    { write },
  );
  return logger;
}

function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { type: error.name, message: messageOf(error), stack: error.stack };
}
