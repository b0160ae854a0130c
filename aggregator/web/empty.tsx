import type { VNode } from "preact";

import type { Answer } from "./api.ts";
import type { PollState } from "./use-poll.ts";

/** What stands in place of the table while there is nothing to put into it. */
export interface EmptyProps {
  readonly poll: PollState<Answer>;
  readonly search: string;
  readonly onClear: () => void;
}

/** Says why there is no table, and what will happen next. */
export function Empty({ poll, search, onClear }: EmptyProps): VNode {
  if (poll.answer === undefined && poll.failure === undefined)
    return <p class="empty quiet">Asking for the containers…</p>;
  if (poll.answer === undefined) {
    return (
      <div class="empty" role="alert">
        <h2>The aggregator does not answer</h2>
        <p>{poll.failure}</p>
        <p>This page goes on asking by itself.</p>
      </div>
    );
  }
  if (poll.answer.containers.length === 0) {
    return (
      <div class="empty">
        <h2>Nothing measured yet</h2>
        <p>No agent has sent a sample. The table fills as soon as one does.</p>
      </div>
    );
  }
  return (
    <div class="empty">
      <h2>Nothing found</h2>
      <p>
        No name, node, image or group holds <bdi>“{search}”</bdi>.
      </p>
      <button type="button" onClick={onClear}>
        Clear the search
      </button>
    </div>
  );
}
