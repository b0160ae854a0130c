import { codeOf } from "../../../lib/errors.ts";

/** Something is wrong with an engine or its answer that no code of Node's names. */
export class EngineError extends Error {
  /** A word for the counter of failures, such as `http_500`. */
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** A word for what went wrong: `timeout`, `econnrefused`, `http_500`, `malformed`, `other`. */
export function reasonOf(error: unknown): string {
  let current = error;
  // Ten bounds a chain of causes that bites its own tail.
  for (let depth = 0; depth < 10 && current instanceof Error; depth++) {
    if (current instanceof EngineError) return current.reason;
    const code = codeOf(current);
    if (code !== undefined) return code.toLowerCase();
    current = current.cause;
  }
  return "other";
}

/**
 * Whether the engine has answered that there is no such container. Podman says so of one that it is just
 * removing, but with status 500.
 */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false;
  return error.reason === "http_404" || error.message.endsWith("no such container");
}
