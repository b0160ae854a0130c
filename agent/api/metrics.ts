import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { Type } from "@sinclair/typebox";

import {
  CONTENT_TYPES,
  ENDINGS,
  type ExpositionFormat,
  negotiateFormat,
} from "../../wire/exposition/encode.ts";
import { Page } from "../../wire/exposition/page.ts";
import { encodeRegistry } from "../../wire/exposition/registry.ts";
import { containerFamilies, writeContainerFamilies } from "./container-families.ts";
import { encodeMachineFamilies } from "./machine-families.ts";
import type { AgentView, Route } from "./route.ts";

const compress = promisify(gzip);

/** Fast: a scrape waits for it. */
const GZIP_LEVEL = 1;

/** What there is to answer after one pass, in one format; who asks within the second gets the same. */
interface Answer {
  readonly tick: number;
  readonly text: Promise<Buffer>;
  zipped: Promise<Buffer> | undefined;
}

/** Writes the page in either format, at most once for each pass. */
function answers(view: AgentView): (format: ExpositionFormat) => Answer {
  const families = containerFamilies(view.machine.memoryBytes);
  const latest = new Map<ExpositionFormat, Answer>();
  let size = 0;
  const write = async (format: ExpositionFormat): Promise<Buffer> => {
    const page = new Page(size);
    const live = [...view.window.live].filter((tracked) => tracked.ring.length > 0);
    await writeContainerFamilies(page, families, live, format);
    page.write(encodeMachineFamilies(view.machine, format));
    page.write(encodeRegistry(await view.registry.getMetricsAsJSON(), format));
    page.write(ENDINGS[format]);
    // A little more, as the next page may have a few series more.
    size = Math.ceil(page.length * 1.1);
    return page.finish();
  };
  return (format) => {
    const { tick } = view.window;
    let answer = latest.get(format);
    if (answer === undefined || answer.tick !== tick) {
      answer = { tick, text: write(format), zipped: undefined };
      latest.set(format, answer);
    }
    return answer;
  };
}

/** `GET /metrics`: container and machine families as cAdvisor names them, and our own. */
export const metrics: Route = (app, view) => {
  const answerOf = answers(view);
  const schema = {
    summary: "All metrics in Prometheus's text format or OpenMetrics, by Accept.",
    tags: ["metrics"],
    response: { 200: Type.String({ description: "Text 0.0.4 or OpenMetrics 1.0." }) },
  };
  app.get("/metrics", { schema }, async (request, reply) => {
    const format = negotiateFormat(request.headers.accept);
    const answer = answerOf(format);
    reply.header("content-type", CONTENT_TYPES[format]).header("vary", "accept, accept-encoding");
    if (!/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) {
      return reply.send(await answer.text);
    }
    answer.zipped ??= answer.text.then((text) => compress(text, { level: GZIP_LEVEL }));
    const zipped = await answer.zipped;
    return reply.header("content-encoding", "gzip").send(zipped);
  });
};
