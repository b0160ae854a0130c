import type { Registry } from "prom-client";

import { observedCounter, observedGauge } from "../lib/observed-metrics.ts";
import type { OomWatch } from "./oom/oom-watch.ts";

/** How well kills for the lack of memory can be seen. */
export function addOomMetrics(registry: Registry, oom: OomWatch): void {
  const { kmsg, ledger } = oom;
  observedGauge(registry, {
    name: "plimsoll_agent_kmsg_readable",
    help: "Whether the kernel's messages can be read (1), or why not (0).",
    labels: ["reason"],
    read: (tell) => tell(Number(kmsg.unreadable === undefined), { reason: kmsg.unreadable ?? "" }),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_kmsg_records_total",
    help: "Messages of the kernel that were read.",
    read: (tell) => tell(kmsg.records),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_kmsg_overruns_total",
    help: "How often the kernel had overwritten messages before they were read.",
    read: (tell) => tell(kmsg.overruns),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_oom_kills_unnamed_total",
    help: "Kills for the lack of memory that were counted but of which no message named the victim.",
    read: (tell) => tell(ledger.unnamed),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_oom_kills_unexplained_total",
    help: "Kills for the lack of memory that the kernel reported but that could not be put down to any cgroup.",
    read: (tell) => tell(oom.unexplained),
  });
}
