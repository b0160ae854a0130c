import type { FeedContainer, FeedHead } from "../../wire/feed.ts";

/** One whole answer of an agent's feed. */
export interface Feed {
  readonly head: FeedHead;
  readonly lines: readonly FeedContainer[];
  /** The cursor that it was asked with. */
  readonly since?: string;
}
