import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { SecureContextOptions } from "node:tls";

import type { Registry } from "prom-client";

import { Unfit } from "../../config/option.ts";
import { ConfigError, messageOf } from "../../errors.ts";
import type { Part } from "../../lifecycle.ts";
import type { Logger } from "../../log.ts";
import type { HttpServerOptions } from "../server.ts";
import { Authorizer } from "./authorize.ts";
import { addWebCounts, newWebCounts, type WebCounts } from "./counts.ts";
import { filesOf, type LoadedWebConfig, loadWebConfig } from "./load.ts";
import { isGuarded } from "./settings.ts";

const SETTING = "web.config.file";
/** How often it is looked whether a file has changed. */
const LOOK_MS = 2000;

/** What createHttpServer() takes of it. */
type Protection = Pick<HttpServerOptions, "tls" | "authorize" | "isGuarded" | "answerHeaders">;

/** Nothing without a file; throws ConfigError if it will not do. */
export function openWebConfig(path: string | undefined, logger: Logger): WebConfig | undefined {
  return path === undefined ? undefined : new WebConfig(resolve(path), logger);
}

/** A web-config file in force. It is read anew when it, or a file that it names, changes; if that fails it stays as it was. */
export class WebConfig implements Part {
  /** For createHttpServer(). */
  readonly protection: Protection;
  readonly counts: WebCounts = newWebCounts();
  readonly #path: string;
  readonly #logger: Logger;
  readonly #takers: ((secure: SecureContextOptions) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  #loaded: LoadedWebConfig;
  #mark: string | undefined;
  #complaint = "";
  #pass: string | undefined;
  #isLooking = false;

  constructor(path: string, logger: Logger, lookMs: number = LOOK_MS) {
    this.#path = path;
    this.#logger = logger;
    try {
      this.#loaded = loadWebConfig(path);
    } catch (error) {
      throw error instanceof Unfit ? new ConfigError(SETTING, path, error.message) : error;
    }
    this.protection = this.#protect();
    this.#timer = setInterval(() => void this.look(), lookMs).unref();
  }

  /** A token that is always taken, even without a certificate; for another part of this very process. */
  pass(): string {
    this.#pass ??= randomBytes(32).toString("base64url");
    return this.#pass;
  }

  /** Adds what is counted. */
  addMetrics(registry: Registry): void {
    addWebCounts(registry, this.counts);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Takes up what has changed. Never throws. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const mark = await markOf(filesOf(this.#path, this.#loaded.settings));
      // One that failed may lack a file which it names, and which nobody watches yet.
      if (mark === this.#mark && this.counts.isCurrent) return;
      const isAgain = mark === this.#mark;
      const isFirst = this.#mark === undefined;
      this.#mark = mark;
      // What has changed since it was loaded is not known the first time.
      this.#reload(isFirst, isAgain);
    } finally {
      this.#isLooking = false;
    }
  }

  #protect(): Protection {
    const { secure } = this.#loaded;
    const authorizer = new Authorizer(
      () => this.#loaded,
      () => this.#pass,
      this.counts,
    );
    return {
      authorize: (request) => authorizer.authorize(request),
      isGuarded: () => isGuarded(this.#loaded.settings),
      answerHeaders: () => this.#loaded.settings.headers,
      ...(secure === undefined
        ? {}
        : {
            tls: {
              ...secure,
              // Whether it will do is decided for each request: see certificateFault.
              requestCert: asksForCertificates(this.#loaded),
              rejectUnauthorized: false,
              follow: (take) => void this.#takers.push(take),
            },
          }),
    };
  }

  /** @param isAgain as before, which is no further failure */
  #reload(isFirst: boolean, isAgain: boolean): void {
    try {
      const fresh = loadWebConfig(this.#path);
      if (isFirst && isSame(fresh, this.#loaded)) return;
      refuseRestarts(this.#loaded, fresh);
      this.#loaded = fresh;
      if (fresh.secure !== undefined) for (const take of this.#takers) take(fresh.secure);
      this.counts.reloads.success++;
      this.counts.isCurrent = true;
      this.#complaint = "";
      this.#logger.info({ file: this.#path }, "web-config file read again");
    } catch (error) {
      if (!isAgain) this.counts.reloads.failure++;
      this.counts.isCurrent = false;
      this.#complain(messageOf(error));
    }
  }

  #complain(cause: string): void {
    if (cause === this.#complaint) return;
    this.#complaint = cause;
    this.#logger.warn(
      { file: this.#path, cause },
      "the changed web-config file cannot be used; what it said before stays in force",
    );
  }
}

/** Some changes a server that listens cannot take, and one it should not take by mistake. */
function refuseRestarts(old: LoadedWebConfig, fresh: LoadedWebConfig): void {
  if ((old.secure === undefined) !== (fresh.secure === undefined)) {
    throw new Unfit("to begin or end TLS restart the program");
  }
  if (asksForCertificates(old) !== asksForCertificates(fresh)) {
    throw new Unfit("to begin or end asking for client certificates restart the program");
  }
  // A file that is being written may for a moment be empty.
  if (isGuarded(old.settings) && !isGuarded(fresh.settings)) {
    throw new Unfit("to let in everybody restart the program");
  }
}

function asksForCertificates({ settings: { tls } }: LoadedWebConfig): boolean {
  return tls !== undefined && tls.clientAuth !== "NoClientCert";
}

function isSame(one: LoadedWebConfig, other: LoadedWebConfig): boolean {
  return textOf(one) === textOf(other);
}

function textOf(loaded: LoadedWebConfig): string {
  return JSON.stringify([loaded, [...loaded.settings.users]]);
}

/** Differs when one of the files has changed. */
async function markOf(files: readonly string[]): Promise<string> {
  const marks = files.map(async (file) => {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(file);
      return [mtimeMs, ctimeMs, size, ino];
    } catch {
      return [file];
    }
  });
  return JSON.stringify(await Promise.all(marks));
}
