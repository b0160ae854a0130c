import type { Steps } from "./dashboard.ts";

/** Of a part of what there is: time to look, and time to act. */
export const FULL: Steps = [
  [0.7, "yellow"],
  [0.9, "red"],
];
