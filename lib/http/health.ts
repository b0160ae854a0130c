import type { FastifyInstance, FastifySchema } from "fastify";

/** True when the program can do its work, else the reason why not yet. */
export type Readiness = true | string;

function schemaOf(summary: string): FastifySchema {
  const text = {
    description: "Plain text.",
    content: { "text/plain": { schema: { type: "string" } } },
  };
  return { summary, tags: ["health"], response: { 200: text, 503: text } };
}

/** Adds `/healthz` and `/-/healthy`, which say that the program runs, and `/-/ready`. */
export function addHealthRoutes(
  app: FastifyInstance,
  ready: () => Readiness | Promise<Readiness>,
): void {
  for (const path of ["/healthz", "/-/healthy"]) {
    const schema = schemaOf("Whether the program runs.");
    app.get(path, { schema }, async (_request, reply) => reply.type("text/plain").send("ok\n"));
  }
  app.get(
    "/-/ready",
    { schema: schemaOf("Whether the program can do its work; if not, the reason.") },
    async (_request, reply) => {
      const answer = await ready();
      return reply
        .code(answer === true ? 200 : 503)
        .type("text/plain")
        .send(answer === true ? "ok\n" : `${answer}\n`);
    },
  );
}
