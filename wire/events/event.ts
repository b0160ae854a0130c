/**
 * Something that has happened: to a container, to the machine's memory, to an agent, and what an
 * aggregator has noticed of its nodes. The routes, the stores and the streams of both programs hold
 * events in this one shape.
 */

import type { Limits } from "../container.ts";

/** What can happen to a container, as its engine tells it. */
export const LIFE_TYPES = [
  "created",
  "started",
  "died",
  "paused",
  "resumed",
  "renamed",
  "restarted",
  "removed",
  "health_changed",
  "limits_updated",
  "image_changed",
] as const;

/** What the kernel's files tell. */
export const KERNEL_TYPES = [
  "oom_kill",
  "throttling_began",
  "throttling_ended",
  "pressure_began",
  "pressure_ended",
  "cgroup_found",
  "cgroup_gone",
] as const;

/** What an agent tells of itself. */
export const AGENT_TYPES = ["agent_started", "agent_stopped"] as const;

/** What an aggregator notices. */
export const CLUSTER_TYPES = [
  "node_down",
  "node_up",
  "agent_stale",
  "service_scaled",
  "task_rescheduled",
  "rollout_finished",
  "kubernetes_event",
] as const;

/** One of these types. */
export type EventType =
  | (typeof LIFE_TYPES)[number]
  | (typeof KERNEL_TYPES)[number]
  | (typeof AGENT_TYPES)[number]
  | (typeof CLUSTER_TYPES)[number];

/** Every type of event. */
export const EVENT_TYPES: readonly EventType[] = [
  ...LIFE_TYPES,
  ...KERNEL_TYPES,
  ...AGENT_TYPES,
  ...CLUSTER_TYPES,
];

/** Why a container ended: somebody wanted it, it failed, it had no memory, or nobody can tell. */
export type ExitClass = "planned" | "completed" | "crash" | "oom" | "unknown";

/** Whom an event is about. Of a plain cgroup only the path is known. */
export interface EventSubject {
  /** Absolute cgroup path; absent where the container has had none yet. */
  readonly id?: string;
  readonly container_id?: string;
  readonly name: string;
  readonly image?: string;
  readonly runtime?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly groups: Readonly<Record<string, string>>;
}

/** What is known besides, by the type of the event. */
export interface EventDetails {
  /** `died`, `cgroup_gone`; absent if nobody has told it. */
  readonly exit_code?: number;
  /** `died`: the signal that ended it, from the exit code. */
  readonly signal?: number;
  /** `died`. */
  readonly exit_class?: ExitClass;
  /** `oom_kill`: who was killed, if the kernel's messages can be read. */
  readonly process?: string;
  readonly pid?: number;
  /** `oom_kill`: what had no memory left, `CONSTRAINT_MEMCG` for the cgroup's limit. */
  readonly constraint?: string;
  /** `oom_kill`: the process's cgroup, where it is one below the container's own. */
  readonly cgroup?: string;
  /** `oom_kill`: the cgroup whose limit it was. */
  readonly oom_cgroup?: string;
  /** `renamed`, `image_changed`, `health_changed`, `service_scaled`: what it was before … */
  readonly from?: string | number;
  /** … and is now. */
  readonly to?: string | number;
  /** `service_scaled`, `task_rescheduled`, `rollout_finished`: of which service, as `kind:name`. */
  readonly group?: string;
  /** `task_rescheduled`: the task's number in its service. */
  readonly slot?: string;
  /** `limits_updated`: the new ones. */
  readonly limits?: Limits;
  /** `throttling_…`, `pressure_…`: of what (`cpu`, `memory`, `io`), and how much in the last seconds. */
  readonly resource?: string;
  readonly ratio?: number;
  readonly threshold?: number;
  /** `node_down`, `node_up`, `agent_stale`, `agent_started`: how it was noticed, in words; `kubernetes_event`: its `reason`. */
  readonly reason?: string;
  /** `kubernetes_event`: `Normal` or `Warning`, what it says, and how often it has happened. */
  readonly severity?: string;
  readonly message?: string;
  readonly count?: number;
  /** `kubernetes_event`: what it is about, and who has told it. */
  readonly kind?: string;
  readonly object?: string;
  readonly namespace?: string;
  readonly reporter?: string;
  /** Tells an orchestrator's event from all its others, so that none is put down twice. */
  readonly mark?: string;
  /** `node_up`: how long it was away; `throttling_ended`, `pressure_ended`: how long it lasted. */
  readonly seconds?: number;
}

/** The last samples of a container before an event. */
export interface Moments {
  /** Unix seconds, oldest first. */
  readonly times: readonly number[];
  /** By the statistic's name, for each time; null = could not be measured. */
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
}

/** An event as it stands in answers, streams and stores. */
export interface Event {
  /** Sorts as the events were put down, as text. */
  readonly id: string;
  /** Its id at the agent that has told it, where an aggregator keeps it. */
  readonly source_id?: string;
  /** RFC 3339 with milliseconds. */
  readonly time: string;
  readonly node: string;
  readonly type: EventType;
  /** Absent if it is about the node as a whole. */
  readonly container?: EventSubject;
  readonly details: EventDetails;
  /** Of `died` and `oom_kill`, where it is asked for. */
  readonly moments?: Moments;
}

/** An event that has no place in a log yet. */
export type NewEvent = Omit<Event, "id">;
