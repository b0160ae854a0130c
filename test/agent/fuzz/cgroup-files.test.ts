import { describe } from "vitest";

import {
  countLines,
  KeyedFile,
  parseFirstLine,
  parseList,
  parseNumber,
  type Text,
} from "../../../agent/cgroup/parse.ts";
import { parseCpuMax } from "../../../agent/cgroup/spec.ts";
import { parseNumaV1, parseNumaV2 } from "../../../agent/collectors/memory-numa.ts";
import { parseUsagePercpu } from "../../../agent/collectors/percpu.ts";
import { parsePressure } from "../../../agent/collectors/pressure.ts";
import {
  Allowed,
  type Check,
  itSurvives,
  NUMBER,
  recorded,
  textOf,
  wholeLines,
} from "./fuzzing.ts";

const V1 = (controller: string, file: string): Buffer =>
  recorded(`cgroup-v1/${controller}/docker/web/${file}`);

const SCOPE = "docker-f17a12f07260c07c60baccc1e10c73b5549b2b31b052745f71e5669d8dd97117.scope";
const V2 = (file: string): Buffer => recorded(`cgroup-v2/system.slice/${SCOPE}/${file}`);

const ONE_NUMBER = new RegExp(`^${NUMBER}$`);

/** Of a file of `key value` lines; the parser is the same for all files, as in the agent. */
function keyed(words: string): Check {
  const keys = words.split(" ");
  const parser = new KeyedFile(keys);
  return (file) => {
    const allowed = new Allowed();
    for (const line of wholeLines(file)) {
      const [, key, value] = /^([^ ]+) (\d{1,20})$/.exec(line) ?? [];
      if (key !== undefined) allowed.add(key, Number(value));
    }
    const values = parser.parse(file);
    for (const [place, key] of keys.entries()) {
      const complaint = allowed.complaint(key, values[place]);
      if (complaint !== undefined) return complaint;
    }
    return undefined;
  };
}

describe("files of keys and values", () => {
  const memoryV1 =
    "total_rss total_cache total_mapped_file total_active_file total_inactive_file total_swap " +
    "total_pgfault total_pgmajfault pgfault pgmajfault total_dirty total_writeback rss cache";
  itSurvives("memory.stat of v1", V1("memory", "memory.stat"), 22_000, keyed(memoryV1));
  const memoryV2 =
    "anon file file_mapped active_file inactive_file pgfault pgmajfault kernel file_dirty " +
    "file_writeback pgscan pgsteal";
  itSurvives("memory.stat of v2", V2("memory.stat"), 22_000, keyed(memoryV2));
  const events = "low high max oom oom_kill";
  itSurvives("memory.events", V2("memory.events"), 35_000, keyed(events));
  itSurvives("cpuacct.stat", V1("cpuacct", "cpuacct.stat"), 35_000, keyed("user system"));
  const cpu = "nr_periods nr_throttled throttled_time usage_usec user_usec";
  itSurvives("cpu.stat of v1", V1("cpu", "cpu.stat"), 35_000, keyed(cpu));
  itSurvives("cpu.stat of v2", V2("cpu.stat"), 35_000, keyed(cpu));
});

describe("files of one number", () => {
  const check: Check = (file) => {
    const allowed = new Allowed();
    const [line = ""] = textOf(file).split("\n");
    if (ONE_NUMBER.test(line)) {
      allowed.add("number", Number(line));
      allowed.add("first", Number(line));
    }
    if (line === "max" || line === "-1") allowed.add("number", Number.POSITIVE_INFINITY);
    return (
      allowed.complaint("number", parseNumber(file)) ??
      allowed.complaint("first", parseFirstLine(file))
    );
  };
  itSurvives("cpuacct.usage", V1("cpuacct", "cpuacct.usage"), 35_000, check);
  itSurvives("memory.limit_in_bytes", V1("memory", "memory.limit_in_bytes"), 22_000, check);
  itSurvives("pids.max", V2("pids.max"), 20_000, check);

  itSurvives("cpu.max", V2("cpu.max"), 22_000, (file) => {
    const text = textOf(file);
    const allowed = new Allowed();
    const [, quota = "", period] = /^(\d{1,20}|max) (\d{1,20})$/.exec(text.split("\n")[0]!) ?? [];
    if (period !== undefined) {
      allowed.add("quota", quota === "max" ? Number.POSITIVE_INFINITY : Number(quota));
      allowed.add("period", Number(period));
    }
    const found = parseCpuMax(text);
    return allowed.complaint("quota", found.quota) ?? allowed.complaint("period", found.period);
  });
});

describe("lists", () => {
  itSurvives("of tasks", "28029\n28031\n28119\n1\n", 22_000, (file) => {
    const lines = wholeLines(file);
    const numbers = lines.map((line) => (ONE_NUMBER.test(line) ? Number(line) : Number.NaN));
    const rest = textOf(file).endsWith("\n") || file.length === 0 ? [] : [Number.NaN];
    const listed = parseList(file);
    Allowed.looked++;
    if (String(listed) !== String([...numbers, ...rest])) return `the list is ${String(listed)}`;
    if (countLines(file) !== lines.length) return `it counts ${countLines(file)} lines`;
    return undefined;
  });

  itSurvives("of CPUs", V1("cpuacct", "cpuacct.usage_percpu"), 22_000, (file) => {
    const allowed = new Allowed();
    const words = wholeLines(file)[0]?.replace(/ $/, "").split(" ") ?? [];
    const isWhole = words.length > 0 && words.every((word) => ONE_NUMBER.test(word));
    const into = new Map<string, Float64Array>();
    const isKnown = parseUsagePercpu(file, into);
    if (isKnown && !isWhole) return "what is not whole is taken";
    if (!isKnown) return undefined;
    for (const [cpu, word] of words.entries()) {
      if (Number(word) > 0) allowed.add(`cpu="cpu${String(cpu).padStart(2, "0")}"`, Number(word));
    }
    return complaintOf(allowed, into);
  });
});

function complaintOf(
  allowed: Allowed,
  series: ReadonlyMap<string, Float64Array>,
): string | undefined {
  for (const [label, values] of series) {
    const complaint = allowed.complaint(label, values[0]);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

/** All numbers of the nodes in the lines of a key, by node. */
function nodesOf(file: Text, key: string): Map<string, number[]> {
  const nodes = new Map<string, number[]>();
  for (const line of wholeLines(file)) {
    const [head, ...fields] = line.split(" ");
    if (head?.replace(/=\d+$/, "") !== key) continue;
    for (const field of fields) {
      const [, node, value] = /^N(\d{1,4})=(\d{1,20})$/.exec(field) ?? [];
      if (node !== undefined) nodes.set(node, [...(nodes.get(node) ?? []), Number(value)]);
    }
  }
  return nodes;
}

describe("memory by node", () => {
  const v1 =
    "total=6369 N0=6369 N1=7\nfile=64 N0=64 N1=1\nanon=374 N0=370 N1=4\n" +
    "unevictable=5931 N0=5931 N1=2\nhierarchical_total=577448 N0=577440 N1=8\n" +
    "hierarchical_file=189420 N0=189420 N1=0\nhierarchical_anon=382097 N0=382090 N1=7\n" +
    "hierarchical_unevictable=5931 N0=5930 N1=1\n";
  itSurvives("of v1", v1, 22_000, (file) => {
    const allowed = new Allowed();
    for (const type of ["file", "anon", "unevictable"]) {
      for (const [scope, key] of Object.entries({
        container: type,
        hierarchy: `hierarchical_${type}`,
      })) {
        for (const [node, values] of nodesOf(file, key)) {
          const label = `type="${type}",scope="${scope}",node="${node}"`;
          for (const value of values) allowed.add(label, value);
        }
      }
    }
    return complaintOf(allowed, parseNumaV1(textOf(file)));
  });

  const v2 =
    "anon N0=999424 N1=16384\nfile N0=4096 N1=8192\nfile_mapped N0=5 N1=6\n" +
    "inactive_anon N0=65536 N1=0\nactive_anon N0=16384 N1=32768\n" +
    "inactive_file N0=16384 N1=0\nactive_file N0=0 N1=16384\nunevictable N0=0 N1=20480\n";
  const parts = {
    file: ["active_file", "inactive_file"],
    anon: ["active_anon", "inactive_anon"],
    unevictable: ["unevictable"],
  };
  itSurvives("of v2", v2, 22_000, (file) => {
    const allowed = new Allowed();
    for (const [type, [first = "", second]] of Object.entries(parts)) {
      const others = second === undefined ? undefined : nodesOf(file, second);
      for (const [node, values] of nodesOf(file, first)) {
        const label = `type="${type}",scope="hierarchy",node="${node}"`;
        for (const value of values) {
          for (const other of others === undefined ? [0] : (others.get(node) ?? [])) {
            allowed.add(label, (value + other) / 4096);
          }
        }
      }
    }
    return complaintOf(allowed, parseNumaV2(textOf(file), 4096));
  });
});

describe("pressure", () => {
  itSurvives("of v2", V2("cpu.pressure"), 35_000, (file) => {
    const allowed = new Allowed();
    for (const line of wholeLines(file)) {
      const [, key, total] = /^(some|full) .*\btotal=(\d{1,20})$/s.exec(line) ?? [];
      if (key !== undefined) allowed.add(key, Number(total));
    }
    const { some, full } = parsePressure(file);
    return allowed.complaint("some", some) ?? allowed.complaint("full", full);
  });
});
