import type { Parts } from "./lifecycle.ts";
import type { Logger } from "./log.ts";

/** How often the settings have been read again, and how that went. */
export interface Reloads {
  succeeded: number;
  failed: number;
  /** Whether the last one was taken; true before the first. */
  lastSucceeded: boolean;
}

/** What every program is started in. */
export interface Surroundings {
  readonly logger: Logger;
  /** Takes charge of closing everything that is started. */
  readonly parts: Parts;
  /** Counted by whoever reads the settings again. */
  readonly reloads: Reloads;
}

/** No reload yet. */
export function noReloads(): Reloads {
  return { succeeded: 0, failed: 0, lastSucceeded: true };
}

/** Reads the settings again, and counts that by whether it throws. */
export async function countReload(reloads: Reloads, reload: () => Promise<void>): Promise<void> {
  try {
    await reload();
    reloads.succeeded++;
    reloads.lastSucceeded = true;
  } catch (error) {
    reloads.failed++;
    reloads.lastSucceeded = false;
    throw error;
  }
}
