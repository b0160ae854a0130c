/** What a poll asks and whom it tells. All times in milliseconds. */
export interface PollPlan<Answer> {
  /** Asks once; gives up when the signal aborts. */
  readonly ask: (signal: AbortSignal) => Promise<Answer>;
  readonly answered: (answer: Answer) => void;
  readonly failed: (reason: string) => void;
  /** From one question to the next. */
  readonly every: number;
  /** After this long an answer is no longer waited for. */
  readonly late: number;
}

/** A running poll; it begins paused. */
export interface Poll {
  /** Asks at once, then regularly; does nothing if it runs. */
  readonly resume: () => void;
  /** Gives up the open question and asks no more; nothing is told after this. */
  readonly pause: () => void;
}

const LONGEST_WAIT = 10_000;

/** How long to wait before the next question after so many failures in a row. */
export function waitAfter(failures: number, every: number): number {
  if (failures === 0) return every;
  return Math.max(every, Math.min(LONGEST_WAIT, 1000 * 2 ** (failures - 1)));
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}

/** Asks once, no longer than `late`. */
async function askInTime<Answer>(plan: PollPlan<Answer>, paused: AbortSignal): Promise<Answer> {
  const question = new AbortController();
  const giveUp = (): void => question.abort(paused.reason);
  const timer = setTimeout(
    () => question.abort(new Error(`no answer within ${plan.late / 1000} s`)),
    plan.late,
  );
  paused.addEventListener("abort", giveUp);
  try {
    return await plan.ask(question.signal);
  } finally {
    clearTimeout(timer);
    paused.removeEventListener("abort", giveUp);
  }
}

async function run<Answer>(plan: PollPlan<Answer>, paused: AbortSignal): Promise<void> {
  let failures = 0;
  while (!paused.aborted) {
    const began = performance.now();
    try {
      const answer = await askInTime(plan, paused);
      if (paused.aborted) return;
      failures = 0;
      plan.answered(answer);
    } catch (error) {
      if (paused.aborted) return;
      failures += 1;
      plan.failed(error instanceof Error ? error.message : String(error));
    }
    const spent = failures === 0 ? performance.now() - began : 0;
    await sleep(Math.max(0, waitAfter(failures, plan.every) - spent), paused);
  }
}

/** Asks the same thing again and again, one question at a time, less often while it fails. */
export function createPoll<Answer>(plan: PollPlan<Answer>): Poll {
  let running: AbortController | undefined;
  return {
    resume() {
      if (running !== undefined) return;
      running = new AbortController();
      void run(plan, running.signal);
    },
    pause() {
      running?.abort();
      running = undefined;
    },
  };
}
