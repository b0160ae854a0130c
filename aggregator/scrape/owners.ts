import { ScrapeError } from "./failure.ts";

/** Whoever may speak for a node. */
export interface Speaker {
  readonly url: string;
  /** Whether its last answer was a good one. */
  readonly isUp: boolean;
}

/** Which target speaks for a node, so that two of one name are not mixed up: the first that answers. */
export class Owners {
  readonly #speakers = new Map<string, Speaker>();

  /** Lets it speak for a node; throws a ScrapeError while another one does and answers. */
  claim(node: string, speaker: Speaker): void {
    const owner = this.#speakers.get(node);
    if (owner !== undefined && owner !== speaker && owner.isUp) {
      throw new ScrapeError(
        "same_node",
        `calls itself ${node}, as ${owner.url} does; give each agent its own --node`,
      );
    }
    this.#speakers.set(node, speaker);
  }

  /** Lets another one speak for the node. */
  release(node: string | undefined, speaker: Speaker): void {
    if (node !== undefined && this.#speakers.get(node) === speaker) this.#speakers.delete(node);
  }
}
