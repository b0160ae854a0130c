import type { EventType, NewEvent } from "../../wire/events/event.ts";

/** What an orchestrator's source is told of what was put down in an earlier run. */
export interface EarlierEvents {
  /** How many members a group had when that was last told; undefined if it was not. */
  count(group: string): number | undefined;
  /** Whether an event with this mark in its details (`EventDetails.mark`) was put down. */
  has(mark: string): boolean;
}

/** A Swarm manager or an API server that tells what it does with its services. */
export interface Orchestrator {
  /** Begins to listen. It never throws; what it hears goes to `told`. */
  start(told: (event: NewEvent) => void, earlier: EarlierEvents): void;
  /** Whether it knows by now which services are its own, or can't be asked at the moment. */
  readonly hasBegun: boolean;
  /** Whether events of this type and group are its own to tell, so that nobody else need notice them. */
  tells(type: EventType, group: string): boolean;
  close(): Promise<void>;
}

/** Where discoveries hand in the orchestrators that they know. */
export interface Orchestrators {
  /**
   * Listens to one until the function that is returned is called; to one alone where several
   * discoveries name the same by `key`, which may hold secrets and is never told.
   */
  follow(key: string, open: () => Orchestrator): () => Promise<void>;
}
