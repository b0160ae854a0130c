import {
  CONTENT_TYPES,
  ENDINGS,
  type ExpositionFormat,
  negotiateFormat,
} from "../../wire/exposition/encode.ts";
import { Page } from "../../wire/exposition/page.ts";
import { answer, text } from "../../wire/json-schema.ts";
import { containerFamilies, pageSections } from "./families/all.ts";
import { ContainerPage } from "./families/container-page.ts";
import { type Answer, sendKept } from "./kept-answers.ts";
import type { AgentView, Route } from "./route.ts";

/** Writes the page. */
function writer(view: AgentView): (format: ExpositionFormat) => Promise<Answer> {
  const containers = new ContainerPage(containerFamilies(view), view.style);
  const sections = pageSections(view);
  let size = 0;
  const write = async (format: ExpositionFormat): Promise<Answer> => {
    const page = new Page(size);
    const live = [...view.window.live].filter((tracked) => tracked.ring.length > 0);
    await containers.write(page, live, format);
    for (const section of sections) await section(page, format);
    page.write(ENDINGS[format]);
    // A little more, as the next page may have a few series more.
    size = Math.ceil(page.length * 1.1);
    const body = page.finish();
    containers.keep(body);
    return { contentType: CONTENT_TYPES[format], body };
  };
  // One after the other, as each builds on the one before.
  let writing: Promise<unknown> = Promise.resolve();
  return (format) => {
    const page = writing.then(() => write(format));
    writing = page.catch(() => undefined);
    return page;
  };
}

/** `GET /metrics`: container and machine families as cAdvisor names them, and our own. */
export const metrics: Route = (app, view) => {
  const write = writer(view);
  const schema = {
    summary: "All metrics in Prometheus's text format or OpenMetrics, by Accept.",
    tags: ["metrics"],
    response: {
      200: answer("The metrics, in the format that Accept prefers.", {
        "text/plain": text("Text format 0.0.4."),
        "application/openmetrics-text": text("OpenMetrics 1.0."),
      }),
    },
  };
  app.get(view.metricsPath, { schema }, (request, reply) =>
    sendKept(view.answers, request, reply, () => write(negotiateFormat(request.headers.accept))),
  );
};
