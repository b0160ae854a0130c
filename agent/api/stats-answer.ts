import { Slice } from "../../lib/slice.ts";
import { Page } from "../../wire/exposition/page.ts";
import { type ContainerStats, containerStats, type Subject } from "../../wire/stats/answer.ts";
import { encodeStats, JSON_TYPE, NDJSON_TYPE } from "../../wire/stats/encode.ts";
import type { StatsQuery } from "../../wire/stats/query.ts";
import { ValueText } from "../../wire/stats/value-text.ts";
import { ValueReader } from "../../wire/stats/values.ts";
import type { Answer } from "./kept-answers.ts";
import type { AgentView } from "./route.ts";
import { headOf } from "./stats-head.ts";

/** Writes an answer of `/stats`, in pieces that leave room for sampling. */
export function writeStats(
  view: AgentView,
  subjects: readonly Subject[],
  query: StatsQuery,
): Promise<Answer> {
  const isPlain = query.format !== "csv" && query.step === undefined;
  return isPlain ? writeText(view, subjects, query) : writeObjects(view, subjects, query);
}

/** Without an object for each container: some hundred are written in half the time. */
async function writeText(
  view: AgentView,
  subjects: readonly Subject[],
  query: StatsQuery,
): Promise<Answer> {
  const isList = query.format === "json";
  const page = new Page();
  if (isList) page.write(`${JSON.stringify(headOf(view)).slice(0, -1)},"containers":[`);
  const reader = new ValueReader(query);
  const text = new ValueText(query);
  const values = new Float64Array(reader.length);
  const slice = new Slice();
  for (const [index, subject] of subjects.entries()) {
    const { container, ring } = subject;
    reader.read(subject, values);
    if (isList && index > 0) page.write(",");
    page.write(text.whole(container, ring.timeAt(ring.length - 1), values));
    if (!isList) page.write("\n");
    if (slice.isOver()) await slice.next();
  }
  if (isList) page.write("]}");
  return { contentType: isList ? JSON_TYPE : NDJSON_TYPE, body: page.finish() };
}

async function writeObjects(
  view: AgentView,
  subjects: readonly Subject[],
  query: StatsQuery,
): Promise<Answer> {
  const slice = new Slice();
  const stats: ContainerStats[] = [];
  for (const subject of subjects) {
    stats.push(containerStats(subject, query));
    if (slice.isOver()) await slice.next();
  }
  const { contentType, body } = encodeStats(headOf(view), stats, query);
  return { contentType, body: Buffer.from(body) };
}
