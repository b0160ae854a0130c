import { Slice } from "../../lib/slice.ts";
import { Page } from "../../wire/exposition/page.ts";
import { answer, list, query, text } from "../../wire/json-schema.ts";
import type { Labels } from "../../wire/labels.ts";
import { QueryError } from "../../wire/stats/query.ts";
import { ErrorSchema } from "../../wire/stats/schema.ts";
import type { SeriesSample } from "../scrape/series/scraped.ts";
import { parseSelector, type Selector } from "../scrape/series/selector.ts";
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

function labelsText(labels: Labels): string {
  const names = Object.keys(labels).filter((name) => name !== "__name__");
  if (names.length === 0) return "";
  return `{${names
    .toSorted()
    .map((name) => `${name}="${escaped(labels[name] ?? "")}"`)
    .join(",")}}`;
}

function nameOf({ labels }: SeriesSample): string {
  return labels["__name__"] ?? "";
}

async function pageOf(view: ClusterView, selectors: readonly Selector[]): Promise<Buffer> {
  const slice = new Slice();
  const found: SeriesSample[] = [];
  // The scrapes of now: those that come meanwhile are for the next question.
  for (const sample of view.series.samples(view.clock.now() - LOOKBACK)) {
    if (selectors.some((fits) => fits(sample.labels))) found.push(sample);
    if (slice.isOver()) await slice.next();
  }
  const page = new Page();
  let family = "";
  for (const sample of found.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))) {
    const name = nameOf(sample);
    if (name !== family) page.write(`# TYPE ${name} untyped\n`);
    family = name;
    const { labels, value, time } = sample;
    page.write(`${name}${labelsText(labels)} ${valueText(value)} ${Math.round(time)}\n`);
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
