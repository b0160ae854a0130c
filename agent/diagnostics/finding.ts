import type { Scene } from "./scene.ts";

/**
 * `ok`: as it should be. `note`: worth knowing, nothing is lost. `missing`: some numbers are absent
 * by it. `bad`: what every number needs is not there.
 */
export const STATUSES = ["ok", "note", "missing", "bad"] as const;

/** How something stands. */
export type Status = (typeof STATUSES)[number];

/** One thing that was found about this host. */
export interface Finding {
  /** The same on every host, explained in `docs/doctor.md`: `controller.memory`. */
  readonly id: string;
  readonly status: Status;
  /** What is so, in one line. */
  readonly what: string;
  /** The statistics, families and groups that are absent or poorer by it. */
  readonly affects: readonly string[];
  /** What to do, in one line. */
  readonly remedy?: string;
}

/** Looks at one subject. Reads what it needs, changes nothing, takes no longer than its limit. */
export interface Check {
  /** The file's name, and the id of what is said if the check itself fails. */
  readonly subject: string;
  find(scene: Scene): readonly Finding[] | Promise<readonly Finding[]>;
}

/** Something that is as it should be, or only worth knowing. */
export function told(id: string, status: "ok" | "note", what: string, remedy?: string): Finding {
  return { id, status, what, affects: [], ...(remedy === undefined ? {} : { remedy }) };
}
