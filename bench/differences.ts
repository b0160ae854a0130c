/**
 * What our agent and a cAdvisor say of the same containers at the same time, family by family. Those
 * containers have worked and stand still, so their numbers must be the same to the unit.
 *
 *     npm run bench:differences -- --cadvisor PATH
 */
import { parseArgs } from "node:util";

import type { Child } from "../test/testbed/child.ts";
import { type Engine, startDocker } from "../test/testbed/docker.ts";
import { freePort } from "../test/testbed/port.ts";
import { sleep, until } from "../test/testbed/wait.ts";
import { METRIC_GROUPS } from "../wire/metrics/metric-groups.ts";
import { cadvisor, type Candidate, plimsoll } from "./candidate.ts";
import { comparePages, type Difference, type Kind, readFamilies } from "./compare-pages.ts";

/** A difference that is on purpose. */
interface Purpose {
  readonly families: RegExp;
  readonly kinds: readonly Kind[];
  readonly reason: string;
}

const PURPOSES: readonly Purpose[] = [
  {
    families: /^cadvisor_version_info$/,
    kinds: ["labels", "series"],
    reason: "versions of our own; Docker's is told, and cAdvisor leaves it empty",
  },
  {
    families: /^container_(?:group_|info$|events_total$|volume_)/,
    kinds: ["only ours"],
    reason: "ours alone",
  },
  {
    families: /^container_(?:blkio_device_usage_total|fs_(?:reads|writes)_bytes_total)$/,
    kinds: ["only ours"],
    reason: "the machine's own I/O too, from /proc/diskstats; cAdvisor has only what cgroups count",
  },
  {
    families: /^container_fs_(?:usage_bytes|limit_bytes|inodes_total)$/,
    kinds: ["series"],
    reason: "an overlay is not a filesystem beside the one that it lies on",
  },
  {
    families: /^container_fs_(?:inodes_free|io_|read|sector|write)/,
    kinds: ["series"],
    reason: "what is the whole disk's is never a container's; memory has no disk counters",
  },
  {
    families: /^container_fs_(?:io_time|read_seconds|write_seconds)/,
    kinds: ["values"],
    reason: "seconds; cAdvisor takes milliseconds for nanoseconds",
  },
  {
    families: /^container_fs_inodes_total$/,
    kinds: ["values"],
    reason: "with the container's log and settings, as its usage in bytes is counted",
  },
  {
    families: /^container_memory_(?:events_|pgscan|pgsteal)/,
    kinds: ["only theirs"],
    reason: "v1 does not count it; cAdvisor says 0",
  },
  {
    families: /^container_memory_(?:failures_total|file_dirty_bytes|workingset_refault)/,
    kinds: ["values"],
    reason: "the machine's with all that is below; cAdvisor takes the root's own, or 0",
  },
  {
    families: /^container_pressure_/,
    kinds: ["values"],
    reason: "known on v1 too, from /proc/pressure and the second hierarchy; cAdvisor says 0",
  },
  {
    families: /^container_cpu_schedstat_/,
    kinds: ["values"],
    reason:
      "all threads; cAdvisor reads the first of each process, and gives up at one that ends meanwhile",
  },
  {
    families: /^container_tasks_state$/,
    kinds: ["series", "values"],
    reason:
      "all tasks that sleep: since Linux 6.1 the kernel's own count leaves most out; `iowaiting` is never known",
  },
  {
    families: /^container_cpu_load_d?_?average_10s$/,
    kinds: ["values"],
    reason: "the machine never stands still, and both look at it at another moment",
  },
  {
    families: /^container_network_advance_tcp_stats_total$/,
    kinds: ["series"],
    reason: "Linux has no `TCPFACKReorder` since 4.15; cAdvisor says 0",
  },
  {
    families: /^container_(?:file_descriptors|sockets)$/,
    kinds: ["series"],
    reason: "the machine's are counted some hundreds a second, and shown when all have been",
  },
  {
    families: /^container_(?:referenced_bytes|threads|threads_max)$/,
    kinds: ["series"],
    reason: "not known of the machine; cAdvisor says 0",
  },
  {
    families: /^machine_(?:cpu_books|cpu_drawers|nvm_)/,
    kinds: ["only theirs"],
    reason: "this machine has none, or does not tell; cAdvisor says 0",
  },
];

/** Until both have measured everything, what they measure rarely too. */
const SETTLE_MS = 45_000;

/** Uses some CPU time and memory, listens, then rests. */
const WORK = `i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done
dd if=/dev/zero of=/file bs=65536 count=64
nc -l -p 80 & exec sleep 100000`;

/** Ours alone, and each program about itself. */
const NOT_COMPARED = /^(?:plimsoll|go|process|nodejs|promhttp)_/;

async function startContainers(engine: Engine): Promise<void> {
  const cmd = ["sh", "-c", WORK];
  const labels = { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" };
  await engine.run({ name: "limited", cmd, cpus: 0.5, memoryBytes: 64 << 20, pids: 50, labels });
  await engine.run({ name: "connected", cmd, network: "bridge" });
  await engine.run({ name: "host", cmd: ["sleep", "100000"], network: "host" });
  await engine.run({ name: "idle", cmd: ["sleep", "100000"] });
}

async function started(candidate: Candidate): Promise<{ child: Child; url: string }> {
  const port = await freePort();
  const child = await candidate.start(port);
  const url = `http://127.0.0.1:${port}/metrics`;
  const answers = async (): Promise<boolean> => (await fetch(url)).ok;
  await until(`${candidate.name} to answer`, answers, {
    timeoutMs: 120_000,
    everyMs: 500,
    log: () => child.tail(),
    ended: () => child.ended(),
  });
  return { child, url };
}

async function pageOf(url: string): Promise<string> {
  return (await fetch(url, { signal: AbortSignal.timeout(30_000) })).text();
}

/** Starts both and returns what they say, theirs first. */
async function pagesOf(engine: Engine, path: string): Promise<readonly string[]> {
  const all = METRIC_GROUPS.join(",");
  const theirs = cadvisor(path, {
    docker: engine.host,
    args: [`--enable_metrics=${all}`, "--docker_only", "--enable_load_reader"],
  });
  const ours = plimsoll({
    docker: engine.host,
    args: ["--metrics-enable=all", "--containers-only", "--load-reader"],
  });
  const children: Child[] = [];
  try {
    const urls: string[] = [];
    for (const candidate of [theirs, ours]) {
      console.error(`starting ${candidate.name}`);
      const { child, url } = await started(candidate);
      children.push(child);
      urls.push(url);
    }
    await sleep(SETTLE_MS);
    return await Promise.all(urls.map(pageOf));
  } finally {
    for (const child of children) await child.stop();
  }
}

function reasonOf({ family, kind }: Difference): string | undefined {
  return PURPOSES.find(({ families, kinds }) => kinds.includes(kind) && families.test(family))
    ?.reason;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** Unexplained differences first. */
function table(differences: readonly Difference[]): string {
  const explained = differences.map((difference) => ({
    ...difference,
    reason: reasonOf(difference),
  }));
  const lines = [
    ...explained.filter(({ reason }) => reason === undefined),
    ...explained.filter(({ reason }) => reason !== undefined),
  ];
  return [
    row(["family", "differs in", "cAdvisor", "Plimsoll", "why"]),
    row(["---", "---", "---", "---", "---"]),
    ...lines.map(({ family, kind, theirs, ours, reason = "**not explained**" }) =>
      row([`\`${family}\``, kind, theirs, ours, reason]),
    ),
  ].join("\n");
}

async function compare(path: string): Promise<void> {
  const engine = await startDocker({ bridge: true });
  try {
    await startContainers(engine);
    const pages = await pagesOf(engine, path);
    const isWanted = (id: string): boolean =>
      id === "/" || id.startsWith(`${engine.cgroupParent}/`);
    const [theirs, ours] = pages.map((page) => {
      const families = [...readFamilies(page, isWanted)];
      return new Map(families.filter(([name]) => !NOT_COMPARED.test(name)));
    });
    const differences = comparePages(theirs ?? new Map(), ours ?? new Map());
    console.log(table(differences));
    const open = differences.filter((difference) => reasonOf(difference) === undefined);
    console.log(`\n${differences.length} differences, ${open.length} of them not explained`);
  } finally {
    await engine.close();
  }
}

const { values } = parseArgs({ options: { cadvisor: { type: "string" } } });
if (values.cadvisor === undefined) console.log("not measured: give --cadvisor PATH");
else await compare(values.cadvisor);
