import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/**
 * Who may import whom. A room is a folder; a file that stands in none of them belongs to the
 * longest folder that holds it (`agent/main.ts` to `agent`). A new room is a new row, on purpose.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  wire: ["lib"],
  "agent/cgroup": ["lib"],
  "agent/machine": ["wire", "lib"],
  "agent/runtimes": ["wire", "lib"],
  "agent/cadvisor-flags": ["wire", "lib"],
  "agent/inventory": ["agent/cgroup", "agent/runtimes", "wire", "lib"],
  "agent/filesystems": ["agent/cgroup", "wire", "lib"],
  "agent/syscalls": ["lib"],
  "agent/collectors": ["agent/cgroup", "agent/filesystems", "agent/syscalls", "wire", "lib"],
  "agent/oom": ["agent/cgroup", "wire", "lib"],
  "agent/window": ["agent/collectors", "agent/inventory", "agent/cgroup", "wire", "lib"],
  "agent/groups": ["agent/cgroup", "agent/window", "wire", "lib"],
  "agent/app-metrics": ["agent/inventory", "agent/runtimes", "agent/window", "wire", "lib"],
  "agent/summary": ["agent/window", "wire", "lib"],
  "agent/events": ["agent/cgroup", "agent/runtimes", "agent/window", "wire", "lib"],
  "agent/processes": ["agent/cgroup", "lib"],
  "agent/diagnostics": [
    "agent/cgroup",
    "agent/collectors",
    "agent/machine",
    "agent/runtimes",
    "agent/syscalls",
    "wire",
    "lib",
  ],
  "agent/api": [
    "agent/diagnostics",
    "agent/summary",
    "agent/events",
    "agent/processes",
    "agent/filesystems",
    "agent/window",
    "agent/oom",
    "agent/groups",
    "agent/app-metrics",
    "agent/inventory",
    "agent/machine",
    "agent/collectors",
    "wire",
    "lib",
  ],
  agent: [
    "agent/oom",
    "agent/cgroup",
    "agent/machine",
    "agent/runtimes",
    "agent/inventory",
    "agent/filesystems",
    "agent/syscalls",
    "agent/collectors",
    "agent/window",
    "agent/groups",
    "agent/app-metrics",
    "agent/summary",
    "agent/events",
    "agent/processes",
    "agent/diagnostics",
    "agent/api",
    "wire",
    "lib",
  ],
  "aggregator/discovery": ["wire", "lib"],
  "aggregator/jobs": ["aggregator/discovery", "wire", "lib"],
  "aggregator/model": ["wire"],
  "aggregator/scrape": ["aggregator/jobs", "aggregator/model", "wire", "lib"],
  "aggregator/history": ["aggregator/model", "wire", "lib"],
  "aggregator/events": ["aggregator/discovery", "aggregator/model", "wire", "lib"],
  "aggregator/sinks": ["aggregator/model", "aggregator/scrape", "aggregator/jobs", "wire", "lib"],
  "aggregator/api": [
    "aggregator/sinks",
    "aggregator/events",
    "aggregator/discovery",
    "aggregator/jobs",
    "aggregator/model",
    "aggregator/history",
    "aggregator/scrape",
    "wire",
    "lib",
  ],
  // The page speaks HTTP like everyone else; it shares only the descriptions and the shapes.
  "aggregator/web": ["wire"],
  aggregator: [
    "aggregator/events",
    "aggregator/discovery",
    "aggregator/jobs",
    "aggregator/model",
    "aggregator/scrape",
    "aggregator/history",
    "aggregator/sinks",
    "aggregator/api",
    "wire",
    "lib",
  ],
  // `plimsoll export` reads the file itself.
  commands: ["aggregator/history", "wire", "lib"],
  // Benchmarks make the same cgroups as the tests.
  bench: [
    "aggregator/history",
    "aggregator/model",
    "aggregator/sinks",
    "test/testbed",
    "wire",
    "lib",
  ],
  "test/testbed": [],
  // Dashboards ask stores, not programs.
  dashboards: [],
  docs: ["wire", "lib", "agent", "agent/cadvisor-flags", "aggregator"],
  "cli.ts": [
    "agent",
    "agent/cadvisor-flags",
    "agent/diagnostics",
    "aggregator",
    "aggregator/jobs",
    "aggregator/sinks",
    "commands",
    "lib",
  ],
};

/** Rooms that compute and nothing else: no file, no network, no clock of their own. */
const pureRooms: readonly string[] = ["wire", "aggregator/model"];

/** The only files that may look at the process's arguments and environment, or end it. */
export const processFiles: readonly string[] = [
  "cli.ts",
  "agent/main.ts",
  "agent/config.ts",
  "aggregator/main.ts",
  "aggregator/config.ts",
  "lib/lifecycle.ts",
];

const ROOTS = [
  "agent",
  "aggregator",
  "bench",
  "commands",
  "dashboards",
  "docs",
  "lib",
  "wire",
  "cli.ts",
];

function* sourcesIn(path: string): Generator<string> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) {
    if (/\.tsx?$/.test(path)) yield path;
    return;
  }
  for (const name of readdirSync(path)) yield* sourcesIn(join(path, name));
}

/** Every source file below a project's root, as paths from there. */
export function sourceFiles(root: string): string[] {
  return ROOTS.flatMap((name) => [...sourcesIn(join(root, name))]).map((path) =>
    relative(root, path),
  );
}

function roomOf(file: string): string | undefined {
  const rooms = Object.keys(mayImport).filter(
    (room) => file === room || file.startsWith(`${room}/`),
  );
  return rooms.toSorted((a, b) => b.length - a.length)[0];
}

/** What a file imports, as written. */
export function importsOf(source: string): string[] {
  const statements = source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g);
  return [...statements].map((match) => match[1] ?? "");
}

function complaintsAbout(file: string, source: string): string[] {
  const room = roomOf(file);
  if (room === undefined) return [`${file} stands in no room`];
  const complaints: string[] = [];
  for (const specifier of importsOf(source)) {
    if (!specifier.startsWith(".")) {
      if (specifier.startsWith("node:") && pureRooms.includes(room)) {
        complaints.push(`${file} imports ${specifier}, but ${room} is pure`);
      }
      continue;
    }
    const target = normalize(join(dirname(file), specifier));
    const targetRoom = roomOf(target);
    const allowed = targetRoom === room || (mayImport[room] ?? []).includes(targetRoom ?? "");
    if (!allowed) complaints.push(`${file} imports ${specifier}`);
  }
  return complaints;
}

/** Every import that the map does not allow, one line each. */
export function checkImports(root: string): string[] {
  return sourceFiles(root).flatMap((file) =>
    complaintsAbout(file, readFileSync(join(root, file), "utf8")),
  );
}
