import { version } from "../../lib/version.ts";
import { text } from "../../wire/json-schema.ts";
import type { EngineFacts, HostFacts } from "./rest/parts.ts";
import type { AgentView, Route } from "./route.ts";

/** cAdvisor's verdicts. */
type Verdict = "Supported and recommended" | "Supported, but not recommended" | "Unsupported";

/** What is missing without a controller. */
const CONTROLLERS = {
  v1: {
    cpu: "CPU limits and throttling",
    cpuacct: "CPU time",
    memory: "memory",
    pids: "processes and threads",
    blkio: "block I/O",
  },
  v2: {
    cpu: "CPU limits and throttling",
    memory: "memory",
    pids: "processes and threads",
    io: "block I/O",
  },
} as const;

function part(title: string, verdict: Verdict, lines: readonly string[]): string {
  return `${title}: [${verdict}]\n${lines.map((line) => `\t${line}\n`).join("")}\n`;
}

/** Linux 5.8 has the last of what is read from v2's own files; v1 is whole in any kernel that runs Node.js. */
const FULL_V2: readonly [number, number] = [5, 8];

function isFull(kernel: string, mode: HostFacts["mode"]): boolean {
  const [major = 0, minor = 0] = kernel.split(".").map((word) => Number.parseInt(word, 10));
  const [wanted, least] = FULL_V2;
  return mode !== "v2" || major > wanted || (major === wanted && minor >= least);
}

function kernelPart({ kernelVersion }: AgentView["machine"], { mode }: HostFacts): string {
  const isRecommended = isFull(kernelVersion, mode);
  return part(
    "Kernel version",
    isRecommended ? "Supported and recommended" : "Supported, but not recommended",
    [
      `Kernel version is ${kernelVersion === "" ? "not known" : kernelVersion}.`,
      ...(isRecommended ? [] : ["Before 5.8 a cgroup v2 host lacks some numbers of memory."]),
    ],
  );
}

function controllersPart({ mode, controllers }: HostFacts): string {
  const wanted = Object.entries(CONTROLLERS[mode === "v2" ? "v2" : "v1"]);
  const missing = wanted.filter(([name]) => !controllers.includes(name));
  return part(
    "Cgroup setup",
    missing.length === 0
      ? "Supported and recommended"
      : missing.length === wanted.length
        ? "Unsupported"
        : "Supported, but not recommended",
    [
      `Cgroups are ${mode === "hybrid" ? "v1, with a v2 hierarchy beside" : mode}.`,
      `Controllers: ${controllers.toSorted().join(" ")}`,
      ...missing.map(([name, what]) => `Missing: ${name}, so ${what} can't be measured.`),
      ...(mode === "v1" ? ["Without a v2 hierarchy the kernel tells no cgroup's pressure."] : []),
    ],
  );
}

function mountsPart({ mounts }: HostFacts): string {
  return part(
    "Cgroup mount setup",
    mounts.length === 0 ? "Unsupported" : "Supported and recommended",
    mounts.map(({ version: of, directory }) => `v${of} at ${directory}`),
  );
}

function enginePart({ name, health, version: of }: EngineFacts): string {
  const lines = {
    connected: `Version is ${of ?? "not known yet"}.`,
    absent: "There is no such engine, or its socket can't be seen: its containers have no names.",
    failing: "It does not answer: new containers have no names until it does.",
  };
  const verdict =
    health === "connected" ? "Supported and recommended" : "Supported, but not recommended";
  return part(`Engine ${name}`, verdict, [lines[health]]);
}

function restPart({ kmsgUnreadable, absences }: HostFacts): string {
  const lines = [
    ...(kmsgUnreadable === undefined
      ? []
      : [
          `The kernel's messages can't be read (${kmsgUnreadable}): victims of a lack of memory have no names.`,
        ]),
    ...absences,
  ];
  return lines.length === 0
    ? part("Else", "Supported and recommended", ["Nothing is missing."])
    : part("Else", "Supported, but not recommended", lines);
}

function checkOf(view: AgentView): string {
  const host = view.rest.host();
  const { machine, window } = view;
  return [
    `Plimsoll version: ${version}\n\nOS version: ${machine.osVersion}\n\n`,
    kernelPart(machine, host),
    controllersPart(host),
    mountsPart(host),
    ...host.engines.map(enginePart),
    restPart(host),
    `Cgroups: ${window.size}\n`,
    ...[...window.live].map(({ cgroup: { id }, container: { runtime, name } }) =>
      runtime === undefined ? `\t${id}\n` : `\t${id} (${runtime} ${name})\n`,
    ),
  ].join("");
}

/** `GET /validate/`: what this host lets us see and why something is missing, for people. */
export const validate: Route = (app, view) => {
  const schema = {
    summary: "What can be measured here, and why something can't.",
    tags: ["health"],
    response: { 200: { content: { "text/plain": { schema: text() } } } },
  };
  app.get("/validate/", { schema }, (_request, reply) =>
    reply.type("text/plain; charset=utf-8").send(checkOf(view)),
  );
  app.get("/validate", { schema: { hide: true } }, (_request, reply) =>
    reply.type("text/plain; charset=utf-8").send(checkOf(view)),
  );
};
