import type { EventType, NewEvent } from "../../wire/events/event.ts";
import type {
  EarlierEvents,
  Orchestrator,
  Orchestrators as Followed,
} from "../discovery/orchestrator.ts";

interface Running {
  readonly orchestrator: Orchestrator;
  /** Discoveries that name it. */
  users: number;
}

/** The orchestrators that are listened to, each once. */
export class Orchestrators implements Followed {
  readonly #told: (event: NewEvent) => void;
  readonly #earlier: EarlierEvents;
  readonly #running = new Map<string, Running>();

  constructor(told: (event: NewEvent) => void, earlier: EarlierEvents) {
    this.#told = told;
    this.#earlier = earlier;
  }

  follow(key: string, open: () => Orchestrator): () => Promise<void> {
    const running = this.#running.get(key) ?? this.#start(key, open);
    running.users++;
    let isLeft = false;
    return async () => {
      if (isLeft) return;
      isLeft = true;
      if (--running.users > 0) return;
      this.#running.delete(key);
      await running.orchestrator.close();
    };
  }

  /** Whether each knows what is its own. */
  get haveBegun(): boolean {
    return [...this.#running.values()].every(({ orchestrator }) => orchestrator.hasBegun);
  }

  /** Whether one of them tells events of this type and group itself. */
  tells(type: EventType, group: string): boolean {
    return [...this.#running.values()].some(({ orchestrator }) => orchestrator.tells(type, group));
  }

  /** Ends all that are left. */
  async close(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(all.map(({ orchestrator }) => orchestrator.close()));
  }

  #start(key: string, open: () => Orchestrator): Running {
    const running = { orchestrator: open(), users: 0 };
    this.#running.set(key, running);
    running.orchestrator.start(this.#told, this.#earlier);
    return running;
  }
}
