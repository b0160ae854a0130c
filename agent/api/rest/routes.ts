import { version } from "../../../lib/version.ts";
import type { Tracked } from "../../window/tracked.ts";
import type { AgentView } from "../route.ts";
import { appMetricsOf } from "./app-metrics.ts";
import { type Children, childrenOf, containerInfoOf } from "./container-info.ts";
import { RestError } from "./errors.ts";
import { byName, byPath, ofEngine, readyOf, withAllBelow } from "./find.ts";
import { encodeGo, type GoValue } from "./go-json.ts";
import { attributesOf, machineInfoOf } from "./machine.ts";
import { encodeProcess } from "./ps.ts";
import {
  cgroupPathOf,
  type Options,
  parseBody,
  parseOptions,
  type RestRequest,
  shown,
} from "./request.ts";
import { specV2Of } from "./spec.ts";
import { machineStatsOf, statsV20Of, statsV21Of } from "./stats-v2.ts";
import { storageOf } from "./storage.ts";
import { derivedStatsOf } from "./summary.ts";

/** An answer in pieces, each written when it is its turn. */
export interface InPieces {
  readonly open: string;
  readonly pieces: readonly (() => string)[];
  readonly close: string;
  /** How many samples it has in it. */
  readonly samples: number;
}

/** Answers one type of request: at once, later, or in pieces. */
export type Answer = (view: AgentView, request: RestRequest) => Promise<GoValue> | InPieces;

function inPieces(
  brackets: "[]" | "{}",
  all: readonly Tracked[],
  samples: number,
  write: (tracked: Tracked) => string,
): InPieces {
  const [open = "", close = ""] = brackets;
  return {
    open,
    close,
    pieces: all.map((tracked) => () => write(tracked)),
    samples: all.reduce((sum, { ring }) => sum + Math.min(samples, ring.length), 0),
  };
}

/** An object with one entry for each cgroup. */
function byCgroup(
  all: readonly Tracked[],
  samples: number,
  valueOf: (tracked: Tracked) => GoValue,
): InPieces {
  return inPieces(
    "{}",
    all,
    samples,
    (tracked) => `${encodeGo(tracked.cgroup.id)}:${encodeGo(valueOf(tracked))}`,
  );
}

function v1Info(
  view: AgentView,
  { body }: RestRequest,
): [Children, (tracked: Tracked) => GoValue, number] {
  const range = parseBody(body);
  const children = childrenOf(readyOf(view.window));
  return [children, (tracked) => containerInfoOf(tracked, children, range, view), range.count];
}

const machine: Answer = async (view) => machineInfoOf(view);

const containers: Answer = (view, request) => {
  const [, infoOf, samples] = v1Info(view, request);
  const path = cgroupPathOf(request);
  const tracked = orFailed(`failed to get container ${JSON.stringify(shown(path))}`, () =>
    byPath(view.window, path),
  );
  const all = inPieces("{}", [tracked], samples, (one) => encodeGo(infoOf(one)));
  return { ...all, open: "", close: "" };
};

const subcontainers: Answer = (view, request) => {
  const [, infoOf, samples] = v1Info(view, request);
  const path = cgroupPathOf(request);
  const all = orFailed(
    `failed to get subcontainers for container ${JSON.stringify(shown(path))}`,
    () => withAllBelow(view.window, path),
  );
  return inPieces("[]", all, samples, (one) => encodeGo(infoOf(one)));
};

const docker: Answer = (view, request) => {
  const [, infoOf, samples] = v1Info(view, request);
  const { rest } = request;
  const [name] = rest;
  if (rest.length > 1) {
    throw new RestError(`unknown request for Docker container [${shown(rest.join(" "))}]`);
  }
  const all =
    name === undefined
      ? ofEngine(view.window, "docker")
      : [
          orFailed(`failed to get Docker container ${JSON.stringify(shown(name))}`, () =>
            byName(view.window, "docker", name),
          ),
        ];
  return byCgroup(all, samples, infoOf);
};

function orFailed<T>(what: string, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof RestError) throw new RestError(`${what} with error: ${error.message}`);
    throw error;
  }
}

/** The cgroups that API v2 is asked for. */
function chosen({ window }: AgentView, request: RestRequest, options: Options): Tracked[] {
  const { type, isRecursive } = options;
  const path = cgroupPathOf(request);
  if (type === "name") return isRecursive ? withAllBelow(window, path) : [byPath(window, path)];
  if (!isRecursive) return [byName(window, type, path.slice(1))];
  if (path === "/") return ofEngine(window, type);
  throw new RestError(
    `invalid request for ${type} container ${JSON.stringify(shown(path))} with subcontainers`,
  );
}

/** A type of API v2 that tells one thing of each cgroup. */
function perCgroup(
  valueOf: (tracked: Tracked, view: AgentView, options: Options) => GoValue,
  hasSamples = false,
): Answer {
  return (view, request) => {
    const options = parseOptions(request.query);
    const all = chosen(view, request, options);
    const samples = hasSamples ? options.range.count : 0;
    return byCgroup(all, samples, (tracked) => valueOf(tracked, view, options));
  };
}

const statsV20 = perCgroup((tracked, view, { range }) => statsV20Of(tracked, range, view), true);

const statsV21: Answer = (view, request) => {
  const options = parseOptions(request.query);
  // cAdvisor has the machine in `machinestats` alone.
  const all = chosen(view, request, options).filter(({ cgroup }) => cgroup.id !== "/");
  const { range } = options;
  return byCgroup(all, range.count, (tracked) => statsV21Of(tracked, range, view));
};

const machineStats: Answer = (view, request) => {
  const { range } = parseOptions(request.query);
  const all = inPieces("{}", [byPath(view.window, "/")], range.count, (tracked) =>
    encodeGo(machineStatsOf(tracked, range, view)),
  );
  return { ...all, open: "", close: "" };
};

const ps: Answer = async (view, request) => {
  const options = parseOptions(request.query);
  const [tracked] = chosen(view, request, { ...options, isRecursive: false });
  if (tracked === undefined) return [];
  const { cgroup } = tracked;
  const found = await view.rest.processes.of(cgroup);
  const { memoryBytes } = view.machine;
  const now = Date.now();
  return found.map((process) => encodeProcess(process, now, memoryBytes, cgroup.id === "/"));
};

const v1: Readonly<Record<string, Answer>> = { containers, machine };
const v2: Readonly<Record<string, Answer>> = {
  version: async () => version,
  attributes: async (view) => attributesOf(view),
  machine,
  summary: perCgroup((tracked, view) => derivedStatsOf(view.rest.summaries.of(tracked))),
  stats: statsV20,
  spec: perCgroup((tracked, view) => specV2Of(tracked, view)),
  storage: async (view, { query }) => storageOf(view, query),
  ps,
  appmetrics: perCgroup((tracked, view) => appMetricsOf(tracked, view)),
};

/** Every type of every version, but `events`, which may be a stream. */
export const answers: Readonly<Record<string, Readonly<Record<string, Answer>>>> = {
  "v1.0": v1,
  "v1.1": { ...v1, subcontainers },
  "v1.2": { ...v1, subcontainers, docker },
  "v1.3": { ...v1, subcontainers, docker },
  "v2.0": v2,
  "v2.1": { ...v2, stats: statsV21, machinestats: machineStats },
};

/** The versions whose types have `events` among them. */
export const VERSIONS_WITH_EVENTS: readonly string[] = ["v1.3", "v2.0", "v2.1"];
