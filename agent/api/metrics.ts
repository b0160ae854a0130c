import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { Type } from "@sinclair/typebox";

import {
  CONTENT_TYPES,
  ENDINGS,
  type ExpositionFormat,
  negotiateFormat,
} from "../../wire/exposition/encode.ts";
import { encodeRegistry } from "../../wire/exposition/registry.ts";
import { containerFamilies, encodeContainerFamilies } from "./container-families.ts";
import { encodeMachineFamilies } from "./machine-families.ts";
import type { AgentView, Route } from "./route.ts";

const compress = promisify(gzip);

/** Fast: a scrape waits for it. */
const GZIP_LEVEL = 1;

/** The answer of one pass in one format; everyone who asks within the second gets the same. */
interface Page {
  readonly tick: number;
  readonly text: Promise<Buffer>;
  zipped: Promise<Buffer> | undefined;
}

/** Writes the page in either format, at most once for each pass. */
function pages(view: AgentView): (format: ExpositionFormat) => Page {
  const families = containerFamilies(view.machine.memoryBytes);
  const latest = new Map<ExpositionFormat, Page>();
  const write = async (format: ExpositionFormat): Promise<Buffer> => {
    const live = [...view.window.live].filter((tracked) => tracked.ring.length > 0);
    const parts = await encodeContainerFamilies(families, live, format);
    parts.push(encodeMachineFamilies(view.machine, format));
    parts.push(encodeRegistry(await view.registry.getMetricsAsJSON(), format));
    parts.push(ENDINGS[format]);
    return Buffer.from(parts.join(""));
  };
  return (format) => {
    const { tick } = view.window;
    let page = latest.get(format);
    if (page === undefined || page.tick !== tick) {
      page = { tick, text: write(format), zipped: undefined };
      latest.set(format, page);
    }
    return page;
  };
}

/** `GET /metrics`: container and machine families as cAdvisor names them, and our own. */
export const metrics: Route = (app, view) => {
  const pageOf = pages(view);
  const schema = {
    summary: "All metrics in Prometheus's text format or OpenMetrics, by Accept.",
    tags: ["metrics"],
    response: { 200: Type.String({ description: "Text 0.0.4 or OpenMetrics 1.0." }) },
  };
  app.get("/metrics", { schema }, async (request, reply) => {
    const format = negotiateFormat(request.headers.accept);
    const page = pageOf(format);
    reply.header("content-type", CONTENT_TYPES[format]).header("vary", "accept, accept-encoding");
    if (!/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) {
      return reply.send(await page.text);
    }
    page.zipped ??= page.text.then((text) => compress(text, { level: GZIP_LEVEL }));
    const zipped = await page.zipped;
    return reply.header("content-encoding", "gzip").send(zipped);
  });
};
