import { Agent, IncomingMessage } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { createRequire } from "node:module";
import { inspect } from "node:util";

import type { DockerOptions } from "dockerode";

import { bug, codeOf, messageOf } from "../../../lib/errors.ts";
import { isRecord } from "../../../lib/record.ts";
import type { Server } from "./endpoint.ts";
import { EngineError } from "./engine-error.ts";
import { explainTls, readTls } from "./tls.ts";

/** What of dockerode is used: how it speaks to an engine. */
interface Modem {
  dial(
    options: {
      readonly path: string;
      readonly method: "GET";
      readonly options?: { readonly _query: Readonly<Record<string, string>> };
      readonly isStream: true;
      readonly statusCodes: Readonly<Record<number, true>>;
      readonly abortSignal: AbortSignal;
    },
    callback: (error: Error | null, answer: unknown) => void,
  ): void;
}

/** Each is an answer, and the caller's to judge: of any other dockerode would read the text without a limit. */
const EVERY_STATUS = Object.fromEntries(
  Array.from({ length: 900 }, (_, index): [number, true] => [index + 100, true]),
);

/** Few connections, as a burst of questions soon is over; alive, as an engine that is gone may say nothing. */
const KEPT = { keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 1 };

/** What each option is if it is not given; dockerode would take it from the environment if it were left out. */
const NOT_FROM_ENVIRONMENT = {
  socketPath: undefined,
  host: undefined,
  port: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
  timeout: undefined,
} satisfies DockerOptions;

/** Asks an engine through dockerode, which is loaded with the first question. */
export class Transport {
  readonly #options: DockerOptions & { readonly agent: Agent };
  readonly #agent: Agent;
  #modem: Promise<Modem> | undefined;

  /**
   * @param where the path of a socket, or a server, whose files for TLS are read now
   * @throws ConfigError if these cannot be used
   */
  constructor(where: string | Server) {
    const tls = typeof where === "string" || where.tls === undefined ? undefined : where.tls;
    this.#agent = tls === undefined ? new Agent(KEPT) : new SecureAgent(KEPT);
    // Dockerode writes everything about each question out for a log that nobody reads: with the
    // agent, and so with all other questions, that takes longer than the question.
    Object.defineProperty(this.#agent, inspect.custom, { value: () => "[agent]" });
    this.#options = {
      ...NOT_FROM_ENVIRONMENT,
      ...(typeof where === "string" ? { socketPath: where } : addressOf(where.origin)),
      ...(tls === undefined ? {} : readTls(tls)),
      protocol: tls === undefined ? "http" : "https",
      agent: this.#agent,
    };
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }

  /**
   * Asks; any status is an answer. The caller reads the body to its end, or gives the signal.
   * @throws EngineError, what the connection fails with, or what the signal is given with
   */
  async get(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const modem = await (this.#modem ??= openModem(this.#options));
    try {
      return await dial(modem, path, signal);
    } catch (error) {
      // A kept connection may have been closed over there just as it was taken up again.
      if (codeOf(error) !== "ECONNRESET" || signal.aborted) throw error;
      return dial(modem, path, signal);
    }
  }
}

function addressOf(origin: string): DockerOptions {
  const { hostname, port } = new URL(origin);
  return { host: hostname.replaceAll(/[[\]]/g, ""), port };
}

async function openModem(options: DockerOptions): Promise<Modem> {
  const { default: Docker } = await import("dockerode");
  refuseRedirects();
  try {
    const { modem }: { readonly modem: Modem } = new Docker(options);
    return modem;
  } catch (error) {
    // It looks at the environment even where nothing is taken from there.
    const words = `cannot understand DOCKER_HOST or DOCKER_CERT_PATH: ${messageOf(error)}`;
    throw new EngineError("environment", words);
  }
}

/**
 * Whoever answers for an engine must not send us elsewhere: dockerode would follow, and nobody would
 * hear of an error over there.
 */
function refuseRedirects(): void {
  const dockerode = createRequire(import.meta.url).resolve("dockerode");
  const http: unknown = createRequire(dockerode)("docker-modem/lib/http");
  if (!isRecord(http) || typeof http["maxRedirects"] !== "number") {
    bug("dockerode's HTTP has no limit of redirects");
  }
  Object.assign(http, { maxRedirects: 0 });
}

async function dial(modem: Modem, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const [pathname = "", query] = path.split("?", 2);
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      modem.dial(
        {
          // Dockerode's mark of a path that has a query.
          path: query === undefined ? pathname : `${pathname}?`,
          method: "GET",
          ...(query === undefined
            ? {}
            : { options: { _query: Object.fromEntries(new URLSearchParams(query)) } }),
          isStream: true,
          statusCodes: EVERY_STATUS,
          abortSignal: signal,
        },
        (error, answer) => {
          if (answer instanceof IncomingMessage) resolve(answer);
          else reject(error ?? new Error("cannot read what dockerode answers"));
        },
      );
    });
  } catch (error) {
    throw explained(error, path, signal);
  }
}

function explained(error: unknown, path: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (messageOf(error).startsWith("Max redirects")) {
    return new EngineError("redirect", `cannot get ${pathOf(path)}: it answers with a redirect`);
  }
  const advice = explainTls(error);
  return advice === undefined ? error : new EngineError("tls", advice);
}

/** Without the filters, which are long. */
export function pathOf(path: string): string {
  return path.replace(/\?.*/, "");
}
