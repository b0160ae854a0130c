import { join } from "node:path";

import type { FailureReason } from "../cgroup/kernel-files.ts";
import type { Collector } from "../collectors/collector.ts";
import { isThere } from "./host-files.ts";
import type { Part } from "./names.ts";
import type { Sampled, Sampling, Scene } from "./scene.ts";
import { type Origin, type Source, sourceOf } from "./sources.ts";

/** Why a number is absent, and what to do. */
export interface Why {
  readonly reason: string;
  readonly remedy?: string;
}

const SEE = "see the findings about controllers and their delegation";

/** What a collector told of itself. */
function toldBy({ absences }: Sampling, collector: string): Why | undefined {
  for (const absence of absences.all) {
    if (absence.collector === collector) {
      return { reason: `${absence.what}: ${absence.detail} (${absence.reason})` };
    }
  }
  return undefined;
}

/** Of what must be asked for by a setting of its own; undefined if it was, or need not be. */
export function whyNotAsked(collector: Collector, { host, absences }: Sampling): Why | undefined {
  const setting = sourceOf(collector, undefined)?.setting;
  if (setting === undefined || host[setting.part] !== undefined) return undefined;
  // It was asked for, and could not be had.
  if ([...absences.all].some((absence) => absence.collector === collector.name)) return undefined;
  return { reason: "it is not measured unless it is asked for", remedy: `set ${setting.flag}` };
}

interface Place {
  readonly origin: Origin;
  readonly directory: string;
}

/** Where the files of a number should be, for a cgroup; undefined where the host has no such hierarchy. */
function placeOf({ v1, v2 }: Source, { cgroup }: Sampled): Place | undefined {
  const candidates = [
    { version: 1, origin: v1 },
    { version: 2, origin: v2 },
  ] as const;
  for (const { version, origin } of candidates) {
    if (origin === undefined) continue;
    const found =
      origin.controller === undefined
        ? cgroup.directories.find((place) => place.version === version)
        : cgroup.controller(origin.controller);
    if (found?.version === version) return { origin, directory: found.directory };
  }
  return undefined;
}

function whyNoPlace({ v1, v2 }: Source, { hierarchies }: Scene): Why {
  const isV2 = hierarchies?.mode === "v2";
  const origin = isV2 ? v2 : v1;
  if (origin === undefined) {
    return isV2
      ? { reason: "cgroup v2 does not tell it", remedy: "nothing: only cgroup v1 has it" }
      : {
          reason: "cgroup v1 does not tell it",
          remedy: "boot with cgroup v2: systemd.unified_cgroup_hierarchy=1",
        };
  }
  const controller = origin.controller ?? "";
  return {
    reason: `the controller ${controller} is not there`,
    remedy: `see the finding controller.${controller}`,
  };
}

const WORDS: Readonly<Record<Exclude<FailureReason, "gone">, Why>> = {
  denied: {
    reason: "may not be read",
    remedy: "run as root, or with the rights that the findings name",
  },
  limit: {
    reason: "can't be opened, as there are too few descriptors",
    remedy: "raise LimitNOFILE",
  },
  malformed: { reason: "is not understood", remedy: "report it, with the file's text" },
  too_large: { reason: "is too large", remedy: "report it, with the file's size" },
  other: { reason: "can't be read: the kernel refuses", remedy: "see the findings" },
};

/** By the files that the collector has tried to open. */
function whyByFiles({ origin, directory }: Place, { host: { files } }: Sampling): Why | undefined {
  for (const file of origin.files) {
    const refusal = files.refusals.get(file);
    if (refusal === undefined || refusal.reason === "gone") continue;
    const { reason, remedy } = WORDS[refusal.reason];
    return { reason: `${refusal.path} ${reason}`, ...(remedy === undefined ? {} : { remedy }) };
  }
  const refused = origin.files.find(
    (file) => files.refusals.has(file) && !isThere(join(directory, file)),
  );
  if (refused === undefined) return undefined;
  const reason = `${join(directory, refused)} is not there`;
  return origin.lacks === undefined
    ? { reason, remedy: SEE }
    : {
        reason: `${reason}: ${origin.lacks}`,
        ...(origin.remedy === undefined ? {} : { remedy: origin.remedy }),
      };
}

function whyByNeeds({ needs }: Source, sampled: Sampled): Why | undefined {
  if (needs === "cpu-limit" && sampled.container.limits.cpu_cores === null) {
    return {
      reason: "it is told of cgroups with a CPU limit alone, and there are some without one",
      remedy: "give them a limit, such as docker run --cpus",
    };
  }
  if (needs === "network") {
    return {
      reason:
        "its network is not its own (the host's, or another container's), is closed to us, or there is no process in it",
      remedy: "see the findings proc.namespaces, proc.hidepid and container.pid",
    };
  }
  return undefined;
}

/** Why a cgroup lacks a number. */
export function whyAbsent(part: Part, sampled: Sampled, scene: Scene): Why {
  const { sampling } = scene;
  if (sampling === undefined) return { reason: "there are no cgroups here" };
  const { collector } = part;
  const source = sourceOf(collector, "metric" in part ? part.metric.name : part.series.family.name);
  const own = toldBy(sampling, collector.name);
  if (own !== undefined || source === undefined)
    return own ?? { reason: "it has not been measured yet" };
  if (source.isOfMachine === true) return { reason: "it is told of the machine alone" };
  if (!sampled.cgroup.directories.some(({ directory }) => isThere(directory))) {
    return { reason: `${sampled.cgroup.id} has gone since it was sampled` };
  }
  const place = placeOf(source, sampled);
  if (place === undefined) return whyNoPlace(source, scene);
  if (!isThere(place.directory)) {
    return {
      reason: `${sampled.cgroup.id} is not in the hierarchy in which it is told (${place.directory})`,
      remedy: SEE,
    };
  }
  const { lacks, files, remedy } = place.origin;
  return (
    whyByNeeds(source, sampled) ??
    whyByFiles(place, sampling) ?? {
      reason: lacks ?? `this kernel does not tell it in ${files.join(" or ")}`,
      ...(remedy === undefined ? {} : { remedy }),
    }
  );
}
