import type { EngineContainer } from "../runtime.ts";
import type { UnusableFile } from "./watched-file.ts";

/** Told of each file that can't be used, once for each state of it. */
export type Fail = (error: UnusableFile) => void;

/** Where an engine keeps on disk who its containers are. It is only ever read. */
export interface DiskStore {
  /**
   * What it says of a container, the same object for as long as that has not changed; undefined if it
   * says nothing.
   */
  read(id: string, fail: Fail): Promise<EngineContainer | undefined>;
  /** The container has gone. */
  forget(id: string): void;
}
