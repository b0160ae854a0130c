import { createLogger } from "../../../lib/log.ts";
import type { Logger } from "../../../lib/log.ts";

/** A logger that keeps its lines. */
export function logLines(level = "info"): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (line: string): void => void lines.push(line) };
  return { logger: createLogger({ level, format: "text", destination }), lines };
}
