import type { EngineContainer } from "../runtime.ts";
import type { EngineClient } from "./engine-client.ts";
import type { EngineVersion } from "./parse.ts";

/** What an engine knows of its containers beyond Docker's API. */
export interface Beyond {
  /** Finds out about containers that are not known yet, by their ids; never throws. */
  learn(ids: readonly string[]): Promise<void>;
  /** These are all there are. */
  retain(ids: ReadonlySet<string>): void;
  /** The container with what has been learnt of it. */
  complete(container: EngineContainer): EngineContainer;
}

/** Begins anew at each connection; the version is undefined if the engine does not tell it. */
export type OpenBeyond = (
  client: EngineClient,
  version: EngineVersion | undefined,
  failed: (error: unknown) => void,
) => Beyond;
