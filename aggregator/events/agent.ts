import type { PeerSettings } from "../../lib/http/peer-settings.ts";

/** An agent, as far as its events are concerned. Times are milliseconds. */
export interface Agent {
  /** Where it answers, without a slash at the end. */
  readonly url: string;
  readonly peer: PeerSettings;
  /** Undefined until it has answered. */
  readonly node: string | undefined;
  readonly health: "unknown" | "up" | "down";
  /** Since its last good answer. */
  readonly failures: number;
  /** Unix; undefined while there was none. */
  readonly lastSuccess: number | undefined;
  /** Why the last attempt failed. */
  readonly trouble: string | undefined;
  /** Between two turns. */
  readonly interval: number;
}

/** A node's newest sample, by which it is seen whether it goes on measuring. */
export interface Measured {
  readonly node: string;
  /** Unix milliseconds by the node's clock. */
  readonly lastTime: number;
  readonly intervalSeconds: number;
}
