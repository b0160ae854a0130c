/** How long to wait, and what to say when it was too long. */
export interface WaitOptions {
  /** Milliseconds until it is given up; 30 s if not told. */
  timeoutMs?: number;
  everyMs?: number;
  /** Last lines of the server's log, put into the error. */
  log?: () => string;
  /** A reason to give up at once, such as "it ended with exit code 1". */
  ended?: () => string | undefined;
}

/** Resolves after so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Passes a promise on, but throws `cannot …: not within N s` when it takes longer. */
export async function within<T>(what: string, timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const seconds = timeoutMs / 1000;
    timer = setTimeout(() => reject(new Error(`${what}: not within ${seconds} s`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks again and again until the answer is neither undefined nor false, and returns it.
 * An exception of `check` counts as "not yet"; the last one is the cause of the final error.
 */
export async function until<T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions = {},
): Promise<T> {
  const { timeoutMs = 30_000, everyMs = 50 } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    const left = deadline - performance.now();
    const ended = options.ended?.();
    if (left <= 0 || ended !== undefined) {
      const reason = ended ?? `not within ${timeoutMs / 1000} s`;
      throw new Error(`waited for ${what}: ${reason}${logLines(options)}`, { cause });
    }
    try {
      const answer = await within("one attempt", Math.max(left, 1), Promise.resolve(check()));
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(everyMs);
  }
}

function logLines({ log }: WaitOptions): string {
  const text = log?.().trim() ?? "";
  return text === "" ? "" : `\nlast lines of its log:\n${text}`;
}
