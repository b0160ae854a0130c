import { systemClock } from "../lib/clock.ts";
import { ConfigError } from "../lib/errors.ts";
import { peerOf } from "../lib/http/login-options.ts";
import { openPeer } from "../lib/http/peer.ts";
import type { Surroundings } from "../lib/surroundings.ts";
import { columnOf } from "../wire/metrics/all.ts";
import { filesystemMetrics } from "../wire/metrics/filesystem.ts";
import { findHierarchies } from "./cgroup/hierarchy.ts";
import type { AgentConfig } from "./config.ts";
import { askDiagnosis } from "./diagnostics/ask.ts";
import { diagnose, explainName, type Diagnosis } from "./diagnostics/diagnosis.ts";
import { subjectsOf } from "./diagnostics/explain.ts";
import { findNamed, unknownName } from "./diagnostics/names.ts";
import type { Scene } from "./diagnostics/scene.ts";
import { writeText } from "./diagnostics/text.ts";
import type { DoctorConfig } from "./doctor-options.ts";
import { withHostRoots } from "./host-roots.ts";
import { sceneOf } from "./open-diagnostics.ts";
import { openKernel } from "./open-kernel.ts";
import { type Sampling, startSampling } from "./start-sampling.ts";

/** Refuses a name that nothing here has. */
export function verifyDoctor({ metric }: DoctorConfig): void {
  if (metric === undefined || findNamed(metric) !== undefined) return;
  throw new ConfigError("metric", metric, unknownName(metric));
}

/** Two samples make a rate; the disk in use is added up meanwhile, which may take a little longer. */
const PASSES = 2;
const DISK_PATIENCE_MS = 5000;

/** What is written, and the exit code: 1 if something that is needed is not there. */
export interface Verdict {
  readonly text: string;
  readonly code: 0 | 1;
}

/** Looks at this host as an agent with these settings would, or asks an agent. */
export async function runDoctor(
  config: DoctorConfig,
  surroundings: Surroundings,
  colours: boolean,
): Promise<Verdict> {
  const { url, metric, format } = config;
  const diagnosis =
    url === undefined ? await lookAround(config, surroundings) : await askAgent(config, url);
  const metricsOnly = metric !== undefined;
  const written =
    format === "json"
      ? `${JSON.stringify(diagnosis, undefined, 2)}\n`
      : writeText(diagnosis, { colours, metricsOnly });
  return { text: written, code: diagnosis.is_fit ? 0 : 1 };
}

async function askAgent(config: DoctorConfig, url: string): Promise<Diagnosis> {
  const peer = openPeer(peerOf(config));
  try {
    return await askDiagnosis(url, config.metric, (to, how) => peer.request(to, how));
  } finally {
    peer.close();
  }
}

async function lookAround(config: DoctorConfig, surroundings: Surroundings): Promise<Diagnosis> {
  const scene = await openScene(config, surroundings);
  const diagnosis = await diagnose(scene);
  const metrics = config.metric === undefined ? undefined : await explainName(scene, config.metric);
  return metrics === undefined ? diagnosis : { ...diagnosis, metrics };
}

/** Samples as the agent does, but changes nothing; without cgroups there is nothing to sample. */
async function openScene(configured: AgentConfig, surroundings: Surroundings): Promise<Scene> {
  const config = withHostRoots(configured);
  const { listen } = config;
  if (!hasCgroups(config["cgroup.root"])) {
    return sceneOf(config, { hierarchies: undefined, listen });
  }
  const settings = {
    ...config,
    "interval.seconds": 1,
    "referenced.reset.interval": 0,
    "events.dir": "",
  };
  const kernel = await openKernel(settings, surroundings.parts, surroundings.logger);
  const sampling = await startSampling(settings, kernel, surroundings);
  const scene = sceneOf(config, { hierarchies: kernel.hierarchies, kernel, sampling, listen });
  await sampled(scene, sampling);
  return scene;
}

function hasCgroups(root: string): boolean {
  try {
    findHierarchies(root);
    return true;
  } catch {
    return false;
  }
}

/** Waits for the samples, and a little for the disks. */
function sampled(scene: Scene, { window, sampler }: Sampling): Promise<void> {
  const column = columnOf(filesystemMetrics.usage);
  const hasDisks = (): boolean =>
    subjectsOf(scene).every((subject) => !Number.isNaN(subject.newestValue(column)));
  const since = systemClock.monotonic();
  return new Promise((resolve) => {
    const stop = window.onPass(() => {
      if (sampler.cost.passes + 1 < PASSES) return;
      if (!hasDisks() && systemClock.monotonic() - since < DISK_PATIENCE_MS) return;
      stop();
      resolve();
    });
  });
}
