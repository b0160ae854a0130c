import type { StatsHead } from "../../wire/stats/encode.ts";
import type { AgentView } from "./route.ts";

/** What stands around the containers in an answer of `/stats`. */
export function headOf(view: AgentView): StatsHead {
  return {
    node: view.node,
    time: new Date(view.window.passedAt).toISOString(),
    interval_seconds: view.intervalSeconds,
    window_seconds: view.windowSeconds,
  };
}
