import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";

import type { Machine } from "../machine/machine.ts";
import type { Window } from "../window/window.ts";
import type { KeptAnswers } from "./kept-answers.ts";

/** What the routes may look at. They read what has been sampled, never the kernel. */
export interface AgentView {
  readonly node: string;
  /** Different after each start, so that a cursor of another life is noticed. */
  readonly run: string;
  readonly machine: Machine;
  readonly window: Window;
  readonly intervalSeconds: number;
  readonly windowSeconds: number;
  /** What has been answered since the last pass. */
  readonly answers: KeptAnswers;
  /** The agent's metrics of itself. */
  readonly registry: Registry;
}

/** Adds a route, or a few that belong together. */
export type Route = (app: FastifyInstance, view: AgentView) => void;
