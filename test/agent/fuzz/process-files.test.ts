import { describe } from "vitest";

import { parseDescriptorLimit } from "../../../agent/cgroup/descriptor-limit.ts";
import { parseMaxOpenFiles } from "../../../agent/collectors/descriptors.ts";
import { parseSwapInUse } from "../../../agent/collectors/memory-files.ts";
import { parsePageSize } from "../../../agent/collectors/page-size.ts";
import { encodeTerms, parseCpus, parseFormat } from "../../../agent/collectors/perf-units.ts";
import { parseReferenced } from "../../../agent/collectors/referenced-memory.ts";
import { parseTaskGroups } from "../../../agent/collectors/resctrl-groups.ts";
import { parseSchedstat } from "../../../agent/collectors/sched.ts";
import { parseState } from "../../../agent/collectors/task-list.ts";
import { parseCpuList } from "../../../agent/machine/cpu-list.ts";
import { parseCpuInfo } from "../../../agent/machine/cpuinfo.ts";
import { parseMeminfo } from "../../../agent/machine/meminfo.ts";
import { Allowed, itSurvives, recorded, textOf, wholeLines } from "./fuzzing.ts";

const MOST_CPUS = 65_536;

/** The CPUs of a list; undefined if it is not whole. */
function cpusOf(text: string): Set<number> | undefined {
  const cpus = new Set<number>();
  let highest = -1;
  for (const range of text.trim().split(",")) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined || Number(last) >= MOST_CPUS) return undefined;
    if (Number(first) <= highest || Number(first) > Number(last)) return undefined;
    highest = Math.max(highest, Number(last));
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.add(cpu);
  }
  return cpus;
}

describe("files of a process", () => {
  itSurvives("schedstat", recorded("proc/schedstat"), 35_000, (file) => {
    const into = new Float64Array(3);
    if (!parseSchedstat(file, into)) return undefined;
    const [line = ""] = wholeLines(file);
    Allowed.looked++;
    if (!/^\d{1,20} \d{1,20} \d{1,20}$/.test(line)) return "what is not whole is taken";
    return String([...into]) === String(line.split(" ").map(Number)) ? undefined : String(into);
  });

  itSurvives("stat", recorded("proc/stat"), 22_000, (file) => {
    const text = textOf(file);
    Allowed.looked++;
    const state = parseState(file);
    const expected = text.slice(text.lastIndexOf(")")).slice(2, 3);
    return state === "" || state === expected ? undefined : `the state is ${state}`;
  });

  itSurvives("limits", recorded("proc/limits"), 22_000, (file) => {
    const allowed = new Allowed();
    for (const line of textOf(file).split(/[\n\r]/)) {
      const [, soft] = /^Max open files +(\d{1,20}|unlimited) /.exec(line) ?? [];
      if (soft === undefined) continue;
      allowed.add("files", soft === "unlimited" ? -1 : Number(soft));
      allowed.add("descriptors", soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft));
    }
    allowed.add("descriptors", Number.POSITIVE_INFINITY);
    const limit = parseDescriptorLimit(textOf(file));
    if (Number.isNaN(limit)) return "the limit is no number";
    return allowed.complaint("files", parseMaxOpenFiles(file));
  });

  itSurvives("smaps_rollup", recorded("proc/smaps_rollup"), 18_000, (file) => {
    const referenced = textOf(file)
      .split(/[\n\r]/)
      .flatMap((line) => /^Referenced: +(\d{1,20}) kB$/.exec(line)?.[1] ?? []);
    const sum = referenced.reduce((all, kilobytes) => all + Number(kilobytes) * 1024, 0);
    const allowed = new Allowed();
    if (referenced.length > 0) allowed.add("referenced", sum);
    return allowed.complaint("referenced", parseReferenced(textOf(file)));
  });

  const auxv = Buffer.alloc(320);
  for (const [index, word] of [33, 7, 16, 395_049_983, 6, 4096, 17, 100, 0, 0].entries()) {
    auxv.writeBigUInt64LE(BigInt(word), index * 8);
  }
  itSurvives("auxv", auxv, 20_000, ({ bytes, length }) => {
    const size = parsePageSize(bytes.subarray(0, length));
    Allowed.looked++;
    return Number.isNaN(size) || size >= 0 ? undefined : `the page size is ${size}`;
  });

  itSurvives("cpu_resctrl_groups", "res:/group0\nmon:web\n", 10_000, (file) => {
    const { control, monitor } = parseTaskGroups(textOf(file));
    Allowed.looked++;
    const words = textOf(file);
    return words.includes(control) && words.includes(monitor) ? undefined : `${control} ${monitor}`;
  });
});

describe("files of the machine", () => {
  itSurvives("meminfo", recorded("proc/meminfo"), 22_000, (file) => {
    const allowed = new Allowed();
    const text = textOf(file);
    const values = new Map<string, number[]>();
    for (const line of text.split(/[\n\r]/)) {
      const [, key, kibibytes] = /^(?:Node \d+ )?(\w+):\s+(\d{1,20}) kB$/.exec(line) ?? [];
      if (key === undefined) continue;
      allowed.add(key, Number(kibibytes) * 1024);
      values.set(key, [...(values.get(key) ?? []), Number(kibibytes)]);
    }
    for (const total of values.get("SwapTotal") ?? []) {
      for (const free of values.get("SwapFree") ?? []) allowed.add("swap", (total - free) * 1024);
    }
    return (
      allowed.complaint("MemTotal", parseMeminfo(text, "MemTotal")) ??
      allowed.complaint("SwapTotal", parseMeminfo(text, "SwapTotal")) ??
      allowed.complaint("swap", parseSwapInUse(text))
    );
  });

  itSurvives("cpuinfo", recorded("proc/cpuinfo"), 20_000, (file) => {
    const text = textOf(file);
    const allowed = new Allowed();
    for (const line of text.split(/[\n\r]/)) {
      const [, megahertz] = /^cpu MHz\s*: *(\d{1,20}(?:\.\d+)?)$/.exec(line) ?? [];
      if (megahertz !== undefined) allowed.add("kHz", Math.round(Number(megahertz) * 1000));
    }
    const info = parseCpuInfo(text);
    const processors = text.split("\n").filter((line) => /^processor[^:]*:/.test(line)).length;
    if (info.processors > processors) return `there are ${info.processors} processors`;
    return allowed.complaint("kHz", info.frequencyKhz);
  });

  itSurvives("lists of CPUs", "0-3,8,10-11,64\n", 35_000, (file) => {
    const text = textOf(file);
    const whole = cpusOf(text);
    Allowed.looked++;
    const listed = parseCpuList(text);
    if (listed.length > 0 && String(listed) !== String([...(whole ?? [])])) {
      return `the CPUs are ${String(listed)}`;
    }
    const own = parseCpus(text);
    if (whole !== undefined && own.some((cpu) => !whole.has(cpu))) return String(own);
    return own.every((cpu) => cpu < MOST_CPUS) ? undefined : "there are too many CPUs";
  });

  itSurvives("terms of events", "event=0x3c,umask=0x01,any=1", 18_000, (file) => {
    Allowed.looked++;
    const event = encodeTerms(4, textOf(file), () => "config:0-7,32-35");
    const words = [event?.config, event?.config1, event?.config2];
    return words.every((word = 0n) => word < 1n << 64n) ? undefined : "a word is too long";
  });

  itSurvives("formats of terms", "config1:0-7,32-35\n", 18_000, (file) => {
    Allowed.looked++;
    const bits = parseFormat(textOf(file))?.bits ?? [];
    return bits.every((bit) => bit < 64) ? undefined : `there is a bit ${Math.max(...bits)}`;
  });
});
