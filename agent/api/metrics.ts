import {
  CONTENT_TYPES,
  ENDINGS,
  type ExpositionFormat,
  negotiateFormat,
} from "../../wire/exposition/encode.ts";
import { Page } from "../../wire/exposition/page.ts";
import { encodeRegistry } from "../../wire/exposition/registry.ts";
import { text } from "../../wire/json-schema.ts";
import { containerFamilies, writeContainerFamilies } from "./container-families.ts";
import { type Answer, sendKept } from "./kept-answers.ts";
import { encodeMachineFamilies } from "./machine-families.ts";
import type { AgentView, Route } from "./route.ts";

/** Writes the page. */
function writer(view: AgentView): (format: ExpositionFormat) => Promise<Answer> {
  const families = containerFamilies(view.machine.memoryBytes);
  let size = 0;
  return async (format) => {
    const page = new Page(size);
    const live = [...view.window.live].filter((tracked) => tracked.ring.length > 0);
    await writeContainerFamilies(page, families, live, format);
    page.write(encodeMachineFamilies(view.machine, format));
    page.write(encodeRegistry(await view.registry.getMetricsAsJSON(), format));
    page.write(ENDINGS[format]);
    // A little more, as the next page may have a few series more.
    size = Math.ceil(page.length * 1.1);
    return { contentType: CONTENT_TYPES[format], body: page.finish() };
  };
}

/** `GET /metrics`: container and machine families as cAdvisor names them, and our own. */
export const metrics: Route = (app, view) => {
  const write = writer(view);
  const schema = {
    summary: "All metrics in Prometheus's text format or OpenMetrics, by Accept.",
    tags: ["metrics"],
    response: { 200: text("Text 0.0.4 or OpenMetrics 1.0.") },
  };
  app.get("/metrics", { schema }, (request, reply) =>
    sendKept(view.answers, request, reply, () => write(negotiateFormat(request.headers.accept))),
  );
};
