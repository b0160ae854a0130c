import type { EventLog } from "../../../wire/events/log.ts";
import type { MachineFilesystem } from "../../filesystems/usage.ts";
import type { ProcessList } from "../../processes/process-list.ts";
import type { Summaries } from "../../summary/summaries.ts";

/** What cAdvisor's API tells beyond all other routes. */
export interface RestParts {
  readonly events: EventLog;
  readonly summaries: Summaries;
  readonly processes: Pick<ProcessList, "of">;
  /** The machine's filesystems as they were measured last: to be looked at anew each time. */
  readonly filesystems: () => readonly MachineFilesystem[];
  /** The version of an engine's API, if it has told it. */
  readonly apiVersion: (runtime: string) => string | undefined;
  /** What the host lets us see. */
  readonly host: () => HostFacts;
}

/** A container engine and how the agent stands with it. */
export interface EngineFacts {
  readonly name: string;
  readonly health: "absent" | "connected" | "failing";
  readonly version: string | undefined;
}

/** What the host lets us see, for the self-check. */
export interface HostFacts {
  /** How cgroups are mounted. */
  readonly mode: "v1" | "v2" | "hybrid";
  readonly mounts: readonly { readonly version: 1 | 2; readonly directory: string }[];
  /** The controllers that there are. */
  readonly controllers: readonly string[];
  readonly engines: readonly EngineFacts[];
  /** Why the kernel's messages can't be read; undefined if they can. */
  readonly kmsgUnreadable: string | undefined;
  /** What could not be had although it was asked for, each with its reason. */
  readonly absences: readonly string[];
}
