import { useEffect, useState } from "preact/hooks";

import { createPoll } from "./poll.ts";

/** How a poll stands. */
export interface PollState<Answer> {
  /** The newest answer; it stays while later questions fail. */
  readonly answer?: Answer;
  /** Unix milliseconds of it, by the reader's clock. */
  readonly answeredAt?: number;
  /** Why the last question failed; absent after an answer. */
  readonly failure?: string;
}

/**
 * Asks again and again while the component lives and the tab is seen. `ask` is taken once: give
 * the component another key to ask something else. Times in milliseconds.
 */
export function usePoll<Answer>(
  ask: (signal: AbortSignal) => Promise<Answer>,
  every: number,
  late: number,
): PollState<Answer> {
  const [state, setState] = useState<PollState<Answer>>({});
  useEffect(() => {
    const poll = createPoll({
      ask,
      answered: (answer) => setState({ answer, answeredAt: Date.now() }),
      failed: (failure) => setState((before) => ({ ...before, failure })),
      every,
      late,
    });
    const follow = (): void => (document.hidden ? poll.pause() : poll.resume());
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      poll.pause();
    };
  }, []);
  return state;
}
