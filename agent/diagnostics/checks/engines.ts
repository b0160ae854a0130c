import { statSync } from "node:fs";

import { printableUrl } from "../../../lib/printable-url.ts";
import { findSocket, printableEndpoint } from "../../runtimes/docker-api/endpoint.ts";
import { type Found, probeEngine } from "../engine-probe.ts";
import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { isThere } from "../host-files.ts";
import type { EnginePlace } from "../scene.ts";

type Failure = Exclude<Found["is"], "reachable">;

const AFFECTED = ["names, images, labels and groups of its containers"];

/** What to do about each way in which an engine can fail us. */
function remedyFor(engine: EnginePlace, is: Failure): string {
  const { name, setting } = engine;
  const flag = `--${setting.replaceAll(".", "-")}`;
  const named = `name with ${flag} where ${name} answers`;
  const remedies: Readonly<Record<Failure, string>> = {
    absent: `start ${name}, name its socket with ${flag}, or mount it into the container`,
    refused:
      name === "docker"
        ? `run as root, or add this user to ${groupOf(engine)} (usermod -aG), and log in again`
        : `run as root: the socket of ${name} is root's own`,
    closed: `start ${name}: its socket was left behind by one that has ended`,
    silent: `look at the log of ${name}: it takes connections but does not answer`,
    tls: `set --docker-tls, and the certificates that ${name} wants with --docker-tls-ca, --docker-tls-cert and --docker-tls-key`,
    "not-engine": named,
    unreachable: named,
  };
  return remedies[is];
}

/** Who may write to the socket, as far as it can be told. */
function groupOf({ name, endpoint }: EnginePlace): string {
  const socket = "sockets" in endpoint ? endpoint.sockets.find(isThere) : undefined;
  const owner = socket === undefined ? undefined : statSync(socket, { throwIfNoEntry: false })?.gid;
  return owner === undefined || owner === 0
    ? `the group ${name}`
    : `the group ${name} (${owner}, which owns the socket)`;
}

const WORDS: Readonly<Record<Failure, string>> = {
  absent: "is not there",
  refused: "may not be used by this user",
  closed: "can't be connected to",
  "not-engine": "is not an engine",
  silent: "does not answer",
  tls: "speaks TLS, which failed",
  unreachable: "can't be reached",
};

function placeOf({ endpoint, others }: EnginePlace): string {
  const socket = "sockets" in endpoint ? findSocket(endpoint.sockets, others) : undefined;
  return socket ?? printableUrl(printableEndpoint(endpoint));
}

async function findEngine(engine: EnginePlace): Promise<Finding> {
  const found = await probeEngine(engine);
  const id = `engine.${engine.name}`;
  const where = placeOf(engine);
  if (found.is === "reachable") {
    const version = found.version === undefined ? "" : ` (${found.version})`;
    return engine.health?.() === "failing"
      ? {
          id,
          status: "missing",
          what: `${where} answers${version}, but its events can't be followed`,
          affects: AFFECTED,
          remedy: "see why in plimsoll_agent_runtime_failures_total and in the agent's log",
        }
      : told(id, "ok", `${where} answers${version}`);
  }
  // Nobody said that there is one.
  if (found.is === "absent" && engine.isDefault) {
    return told(id, "note", `there is no ${engine.name}: nothing is at ${where}`);
  }
  return {
    id,
    status: "missing",
    what: `${where} ${WORDS[found.is]}: ${printableUrl(found.because)}`,
    affects: AFFECTED,
    remedy: remedyFor(engine, found.is),
  };
}

/** Each container engine: whether it answers, or why not. */
export const engines: Check = {
  subject: "engine",
  find: ({ engines: all }) => Promise.all(all.map(findEngine)),
};
