import { describe } from "vitest";

import { KillReader } from "../../../agent/oom/kill-reader.ts";
import { parseRecord } from "../../../agent/oom/record.ts";
import type { ExpositionFormat } from "../../../wire/exposition/encode.ts";
import { ExpositionParser } from "../../../wire/exposition/parse.ts";
import { chosenLine, killedLine, record } from "../oom/messages.ts";
import { Allowed, itSurvives, textOf, wholeLines } from "./fuzzing.ts";

describe("messages of the kernel", () => {
  const cgroup = "/docker/1b1b1b";
  const lines = [
    chosenLine(cgroup, { pid: 775, oomCgroup: "/docker" }),
    killedLine(775),
    `Task in ${cgroup} killed as a result of limit of /docker`,
    `Tasks in ${cgroup} are going to be killed due to memory.oom.group set`,
    "Out of memory: Killed process 12 (a (b) c) total-vm:1kB, anon-rss:1kB",
  ];
  for (const [index, line] of lines.entries()) {
    const reader = new KillReader(() => true);
    itSurvives(`line ${index}`, record(line), 15_000, (file) => {
      const text = textOf(file);
      Allowed.looked++;
      const taken = parseRecord(file.bytes, file.length, () => true);
      if (taken !== undefined && !text.includes(`,${/^\d+,\d+,(\d+)/.exec(text)?.[1]},`)) {
        return `the time is ${taken.micros}`;
      }
      const kill = reader.take(file.bytes, file.length);
      if (kill === undefined) return undefined;
      const pids = [...text.matchAll(/Killed process (\d+)/g)].map(([, pid]) => Number(pid));
      return pids.includes(kill.pid) ? undefined : `process ${kill.pid} was killed`;
    });
  }
});

const PAGE = `# HELP http_requests_total The total number of "HTTP" requests.\\n
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
foo_bucket{le="0.1"} 8 # {trace_id="}\\""} 0.05 1520879607.789
`;

const WORDS: Readonly<Record<string, number>> = {
  "+inf": Number.POSITIVE_INFINITY,
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

/** Where the labels end that begin at 0. */
function endOfLabels(text: string): number {
  let isQuoted = false;
  for (let at = 1; at < text.length; at++) {
    if (isQuoted && text[at] === "\\") at++;
    else if (text[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && text[at] === "}") return at + 1;
  }
  return text.length;
}

/** The value of a line, read as simply as can be. */
function valueIn(line: string): readonly [name: string, value: number] {
  const [name = ""] = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line) ?? [];
  const rest = line.slice(name.length).trim();
  const [word = ""] = rest
    .slice(rest.startsWith("{") ? endOfLabels(rest) : 0)
    .trim()
    .split(/[ \t]/);
  return [name, WORDS[word.toLowerCase().replace("infinity", "inf")] ?? Number(word)];
}

describe("pages of metrics", () => {
  for (const format of ["prometheus", "openmetrics"] as const satisfies ExpositionFormat[]) {
    itSurvives(format, PAGE, 18_000, (file) => {
      const allowed = new Allowed();
      for (const line of wholeLines(file)) allowed.add(...valueIn(line.trim()));
      let complaint: string | undefined;
      const parser = new ExpositionParser(format, {
        sample({ name, value }) {
          complaint ??= allowed.complaint(name, value);
        },
        type() {},
        help() {},
        malformed() {},
      });
      const text = textOf(file);
      const middle = text.length >> 1;
      parser.push(text.slice(0, middle));
      parser.push(text.slice(middle));
      parser.end();
      return complaint;
    });
  }
});
