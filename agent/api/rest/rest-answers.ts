import { Readable } from "node:stream";

import type { FastifyReply, FastifyRequest } from "fastify";

import { acceptsGzip } from "../../../lib/http/accept.ts";
import { Gate } from "../../../lib/http/gate.ts";
import { Slice } from "../../../lib/slice.ts";
import type { AgentView } from "../route.ts";
import { bodyOf } from "./body.ts";
import { RestError } from "./errors.ts";
import { EventStreams } from "./event-streams.ts";
import { eventsOf, parseEventRequest } from "./events.ts";
import { encodeGo } from "./go-json.ts";
import { cgroupPathOf, parseRequest, type RestRequest, shown } from "./request.ts";
import { type Answer, answers, type InPieces, VERSIONS_WITH_EVENTS } from "./routes.ts";

/** cAdvisor writes no character set. */
const JSON_TYPE = "application/json";

/** An answer with more samples (some 3 kB each) is not kept but written as fast as its reader takes it. */
const MOST_KEPT_SAMPLES = 3000;

/** What asks the kernel is asked one after the other. */
const PLACES = 1;
const QUEUE = 20;

async function writeAll({ open, pieces, close }: InPieces): Promise<Buffer> {
  const slice = new Slice();
  const written: Buffer[] = [];
  for (const [index, piece] of pieces.entries()) {
    if (slice.isOver()) await slice.next();
    written.push(Buffer.from(`${index === 0 ? open : ","}${piece()}`));
  }
  written.push(Buffer.from(pieces.length === 0 ? open + close : close));
  return Buffer.concat(written);
}

async function* writePieces({ open, pieces, close }: InPieces): AsyncGenerator<Buffer> {
  const slice = new Slice();
  for (const [index, piece] of pieces.entries()) {
    yield Buffer.from(`${index === 0 ? open : ","}${piece()}`);
    if (slice.isOver()) await slice.next();
  }
  yield Buffer.from(pieces.length === 0 ? open + close : close);
}

/** The answers of one server. */
export class RestAnswers {
  readonly #view: AgentView;
  readonly #streams: EventStreams;
  readonly #gate: Gate = new Gate(PLACES, QUEUE);

  constructor(view: AgentView) {
    this.#view = view;
    this.#streams = new EventStreams(view.rest.events);
  }

  async answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asked = parseRequest(request, await bodyOf(request));
    const { version, type } = asked;
    if (version === "") {
      const names = Object.keys(answers).join(",");
      throw new RestError(`Supported API versions: "${names}"`, 400);
    }
    const types = Object.hasOwn(answers, version) ? answers[version] : undefined;
    if (types === undefined) {
      throw new RestError(`unsupported API version ${JSON.stringify(shown(version))}`);
    }
    const hasEvents = VERSIONS_WITH_EVENTS.includes(version);
    if (type === "") {
      const names = [...Object.keys(types), ...(hasEvents ? ["events"] : [])].toSorted().join(",");
      throw new RestError(`Supported request types: "${names}"`, 400);
    }
    if (hasEvents && type === "events") return this.#events(asked, reply);
    const write = Object.hasOwn(types, type) ? types[type] : undefined;
    if (write === undefined) {
      throw new RestError(`unknown request type ${JSON.stringify(shown(type))}`);
    }
    return this.#write(write, asked, request, reply);
  }

  close(): void {
    this.#streams.close();
  }

  async #events(asked: RestRequest, reply: FastifyReply): Promise<FastifyReply> {
    const wanted = parseEventRequest(cgroupPathOf(asked), asked.query);
    if (wanted.isStream) return this.#streams.add(reply, wanted);
    return send(reply, encodeGo(await eventsOf(this.#view.rest.events, wanted)));
  }

  async #write(
    write: Answer,
    asked: RestRequest,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    if (asked.type === "ps") {
      return send(
        reply,
        encodeGo(await this.#gate.run(async () => await one(write, this.#view, asked))),
      );
    }
    const answer = write(this.#view, asked);
    if (answer instanceof Promise) return send(reply, encodeGo(await answer));
    if (answer.samples > MOST_KEPT_SAMPLES) {
      return reply.header("content-type", JSON_TYPE).send(Readable.from(writePieces(answer)));
    }
    return this.#sendKept(answer, asked, request, reply);
  }

  /** The same for all who ask the same until the next pass. */
  async #sendKept(
    answer: InPieces,
    { body }: RestRequest,
    { url, headers }: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { answers: kept } = this.#view;
    const isZipped = acceptsGzip(headers["accept-encoding"]);
    const question = `${url} ${body}`;
    const write = async (): Promise<{ contentType: string; body: Buffer }> => ({
      contentType: JSON_TYPE,
      body: await writeAll(answer),
    });
    const written = await (isZipped ? kept.zipped(question, write) : kept.plain(question, write));
    if (isZipped) void reply.header("content-encoding", "gzip");
    return send(reply.header("vary", "accept-encoding"), written.body);
  }
}

async function one(
  write: Answer,
  view: AgentView,
  asked: RestRequest,
): Promise<Parameters<typeof encodeGo>[0]> {
  const answer = write(view, asked);
  return answer instanceof Promise ? answer : undefined;
}

function send(reply: FastifyReply, body: string | Buffer): FastifyReply {
  // As bytes: to a text a character set would be added.
  return reply.header("content-type", JSON_TYPE).send(Buffer.from(body));
}
