import { Slice } from "../../lib/slice.ts";
import { Page } from "../../wire/exposition/page.ts";
import { answer, list, query, text } from "../../wire/json-schema.ts";
import type { Labels } from "../../wire/labels.ts";
import { QueryError } from "../../wire/stats/query.ts";
import { ErrorSchema } from "../../wire/stats/schema.ts";
import { parseSelector, type Selector } from "../scrape/series/selector.ts";
import type { KeptSample } from "../scrape/series/series-store.ts";
import type { ClusterView, Route } from "./route.ts";

/** What is older is shown no more, as in Prometheus. Milliseconds. */
const LOOKBACK = 5 * 60_000;

const selector = text('A selector of series, such as `up` or `{job=~"node.*"}`.');

const schema = {
  summary: "The newest scraped series, as Prometheus's federation gives them.",
  tags: ["metrics"],
  querystring: query({
    "match[]": { anyOf: [list(selector, { maxItems: 100 }), selector] },
  }),
  response: {
    200: answer("The series that fit any of the selectors.", {
      "text/plain": text("Text format 0.0.4."),
    }),
    400: ErrorSchema,
  },
};

interface Query {
  readonly "match[]"?: string | readonly string[];
}

function selectorsOf(given: Query["match[]"]): readonly Selector[] {
  const texts = given === undefined ? [] : typeof given === "string" ? [given] : given;
  return texts.map((one) => {
    try {
      return parseSelector(one);
    } catch (error) {
      throw new QueryError("match[]", error instanceof Error ? error.message : String(error));
    }
  });
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/**
 * With the labels for other systems where it has none of that name; and `instance`, if only an empty
 * one, so that whoever asks adds none of its own.
 * https://prometheus.io/docs/prometheus/latest/federation/
 */
function labelsText(own: Labels, external: Labels): string {
  const labels: Labels = { instance: "", ...external, ...own };
  const names = Object.keys(labels).filter((name) => name !== "__name__");
  return `{${names
    .toSorted()
    .map((name) => `${name}="${escaped(labels[name] ?? "")}"`)
    .join(",")}}`;
}

function nameOf({ sample: { labels } }: KeptSample): string {
  return labels["__name__"] ?? "";
}

async function pageOf(view: ClusterView, selectors: readonly Selector[]): Promise<Buffer> {
  const slice = new Slice();
  const found: KeptSample[] = [];
  // The scrapes of now: those that come meanwhile are for the next question.
  for (const kept of view.series.samples(view.clock.now() - LOOKBACK)) {
    if (selectors.some((fits) => fits(kept.sample.labels))) found.push(kept);
    if (slice.isOver()) await slice.next();
  }
  const page = new Page();
  let family = "";
  for (const kept of found.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))) {
    const name = nameOf(kept);
    if (name !== family) page.write(`# TYPE ${name} untyped\n`);
    family = name;
    const { labels, value, time } = kept.sample;
    const { externalLabels } = kept.target.job;
    page.write(
      `${name}${labelsText(labels, externalLabels)} ${valueText(value)} ${Math.round(time)}\n`,
    );
    if (slice.isOver()) await slice.next();
  }
  return page.finish();
}

/** `GET /federate`: the newest series of every target. */
export const federate: Route = (app, view) => {
  app.get<{ Querystring: Query }>("/federate", { schema }, async (request, reply) => {
    const body = await pageOf(view, selectorsOf(request.query["match[]"]));
    return reply.type("text/plain; version=0.0.4; charset=utf-8").send(body);
  });
};
