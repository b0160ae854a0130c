import type { FastifyReply, FastifyRequest } from "fastify";

import { preferred } from "../../lib/http/accept.ts";
import { HttpError } from "../../lib/http/errors.ts";
import {
  answer,
  type JsonSchema,
  list,
  number,
  object,
  query,
  text,
  time,
} from "../../wire/json-schema.ts";
import { ErrorSchema } from "../../wire/stats/schema.ts";
import type { Diagnosis } from "../diagnostics/diagnosis.ts";
import { unknownName } from "../diagnostics/names.ts";
import { writeText } from "../diagnostics/text.ts";
import type { AgentView, Route } from "./route.ts";

const FORMS = ["application/json", "text/plain"] as const;

const remedy = text("What to do, in one line.");

const finding: JsonSchema = object(
  {
    id: text("The same on every host, such as controller.memory."),
    status: text("ok; note: nothing is lost; missing: some numbers are; bad: what is needed is.", {
      enum: ["ok", "note", "missing", "bad"],
    }),
    what: text("What is so, in one line."),
    affects: list(text(), {
      description: "Statistics, families and groups that are absent or poorer by it.",
    }),
    remedy,
  },
  ["remedy"],
);

const metric: JsonSchema = object(
  {
    name: text("A statistic of /stats, a family of /metrics, or a group of metrics."),
    kind: text(undefined, { enum: ["stat", "family", "group"] }),
    group: text("The group of metrics that it belongs to."),
    status: text("partly: of some containers alone; off: by a setting; unknown: nothing runs.", {
      enum: ["measured", "partly", "absent", "off", "unknown"],
    }),
    measured_of: number(
      "Of how many containers it is measured, or of cgroups where there are none.",
    ),
    looked_at: number("Of how many that were looked at."),
    reason: text("Why it is absent, in one line."),
    remedy,
  },
  ["reason", "remedy"],
);

const DiagnosisSchema: JsonSchema = object({
  node: text(),
  time,
  is_fit: { type: "boolean", description: "Whether all that is needed is there." },
  findings: list(finding),
  metrics: list(metric, {
    description: "What is not measured of all containers; or what was asked for, measured or not.",
  }),
});

const schema = {
  summary: "What this host lets us see, and why a number is missing.",
  tags: ["health"],
  querystring: query({
    metric: text("A statistic, family or group: explains that alone, measured or not.", {
      maxLength: 200,
      examples: ["memory_swap_bytes"],
    }),
  }),
  response: {
    200: answer("The findings, and what is not measured.", {
      "application/json": DiagnosisSchema,
      "text/plain": text("The same for people."),
    }),
    "4xx": ErrorSchema,
  },
};

interface Asked {
  Querystring: { readonly metric?: string };
}

async function diagnosisOf(
  { diagnostics }: AgentView,
  name: string | undefined,
): Promise<Diagnosis> {
  if (name === undefined) return diagnostics.read();
  const diagnosis = await diagnostics.explain(name);
  if (diagnosis === undefined) throw new HttpError(400, `metric ${unknownName(name)}`);
  return diagnosis;
}

/** `GET /diagnostics`: as `plimsoll doctor` tells it, of the agent that runs. */
export const diagnostics: Route = (app, view) => {
  app.get<Asked>(
    "/diagnostics",
    { schema },
    async (request: FastifyRequest<Asked>, reply: FastifyReply) => {
      const { metric: name } = request.query;
      const diagnosis = await diagnosisOf(view, name);
      void reply.header("vary", "accept");
      if (preferred(request.headers.accept, FORMS) === "text/plain") {
        const style = { colours: false, metricsOnly: name !== undefined };
        return reply.type("text/plain; charset=utf-8").send(writeText(diagnosis, style));
      }
      return reply.type("application/json; charset=utf-8").send(JSON.stringify(diagnosis));
    },
  );
};
