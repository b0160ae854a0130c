import { Unfit } from "../../lib/config/option.ts";
import { ConfigError } from "../../lib/errors.ts";
import { AGENTS_JOB, agentsJob } from "./agents.ts";
import { parseGlobal } from "./global.ts";
import type { Job } from "./job.ts";
import { parseScrapeConfigs } from "./scrape-config.ts";

/** What the operator says about what is scraped. */
export interface JobSettings {
  readonly agents: readonly string[];
  /** Seconds. */
  readonly scrape_interval: number;
  /** Seconds. */
  readonly scrape_timeout: number;
  /** As it stands in the file. */
  readonly global: unknown;
  /** As it stands in the file. */
  readonly scrape_configs: unknown;
}

/** All jobs that the settings make; throws ConfigError, which holds no value as that may be secret. */
export function configuredJobs(settings: JobSettings): readonly Job[] {
  const global = explained("global", () => parseGlobal(settings.global));
  const jobs = explained("scrape_configs", () =>
    parseScrapeConfigs(settings.scrape_configs, global),
  );
  if (settings.agents.length === 0) return jobs;
  const taken = jobs.findIndex(({ name }) => name === AGENTS_JOB);
  if (taken !== -1) {
    const problem = `[${taken}].job_name is the one that the setting agents makes; take another`;
    throw new ConfigError("scrape_configs", undefined, problem);
  }
  const interval = settings.scrape_interval * 1000;
  return [
    agentsJob(settings.agents, {
      interval,
      timeout: settings.scrape_timeout * 1000,
      externalLabels: global.externalLabels,
    }),
    ...jobs,
  ];
}

function explained<T>(setting: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Unfit) throw new ConfigError(setting, undefined, error.message);
    throw error;
  }
}
