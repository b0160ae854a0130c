import { systemClock } from "../lib/clock.ts";
import type { Parts } from "../lib/lifecycle.ts";
import type { HostFacts, RestParts } from "./api/rest/parts.ts";
import type { AgentConfig } from "./config.ts";
import type { Kernel } from "./open-kernel.ts";
import { ProcessList } from "./processes/process-list.ts";
import type { Sampling } from "./start-sampling.ts";
import { Summaries } from "./summary/summaries.ts";

/** Opens what cAdvisor's API tells beyond all other routes. */
export function openRest(
  config: AgentConfig,
  kernel: Kernel,
  sampling: Sampling,
  parts: Parts,
): RestParts {
  const { filesystems } = kernel;
  const { runtimes, window, events } = sampling;
  return {
    events: events.log,
    summaries: parts.use("summaries", new Summaries(window)),
    processes: new ProcessList({
      procRoot: config["proc.root"],
      rootfs: config.rootfs,
      clock: systemClock,
    }),
    filesystems: () => filesystems.ofMachine,
    apiVersion: (name) => runtimes.find((runtime) => runtime.name === name)?.apiVersion,
    host: () => factsOf(kernel, sampling),
  };
}

function factsOf(
  { hierarchies: { mode, all }, absences }: Kernel,
  { runtimes, kills }: Sampling,
): HostFacts {
  return {
    mode,
    mounts: all.map(({ version, directory }) => ({ version, directory })),
    controllers: [...new Set(all.flatMap(({ controllers }) => [...controllers]))],
    engines: runtimes.map(({ name, health, engineVersion: version }) => ({
      name,
      health,
      version,
    })),
    kmsgUnreadable: kills.oom.kmsg.unreadable,
    absences: [...absences.all].map(
      ({ collector, what, detail }) => `${collector}: ${what} is not measured: ${detail}`,
    ),
  };
}
