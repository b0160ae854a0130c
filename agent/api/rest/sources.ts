import type { AgentView } from "../route.ts";

/** What the structures are filled from. */
export type RestSources = Pick<AgentView, "appMetrics" | "machine" | "rest">;
