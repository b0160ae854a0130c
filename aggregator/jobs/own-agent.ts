import { formatDuration } from "../../lib/config/duration.ts";
import type { JobSettings } from "./configured.ts";

const JOB = "this-process";

/**
 * The settings that make an aggregator ask the agent of its own process besides. One that does not
 * answer everybody is given `pass`.
 */
export function withOwnAgent(
  settings: JobSettings,
  url: string,
  pass: string | undefined,
): Pick<JobSettings, "agents" | "scrape_configs"> {
  const { agents, scrape_configs: configs } = settings;
  if (pass === undefined) return { agents: [url, ...agents], scrape_configs: configs };
  const { host, protocol } = new URL(url);
  const own = {
    job_name: JOB,
    kind: "agent",
    scheme: protocol.slice(0, -1),
    scrape_interval: formatDuration(settings.scrape_interval),
    scrape_timeout: formatDuration(Math.min(settings.scrape_interval, settings.scrape_timeout)),
    static_configs: [{ targets: [host] }],
    authorization: { credentials: pass },
    // Nobody else listens there, whatever name the certificate has.
    tls_config: { insecure_skip_verify: true },
  };
  const others: readonly unknown[] = Array.isArray(configs) ? configs : [];
  return { agents, scrape_configs: [own, ...others] };
}
