import { readdir } from "node:fs/promises";
import { join } from "node:path";

import type { Clock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Release } from "../../lib/exclusive.ts";
import type { Logger } from "../../lib/log.ts";
import { ownFolder } from "../../lib/own-folder.ts";
import type { EventLog } from "../../wire/events/log.ts";
import type { Stored } from "../model/stored.ts";
import { allSinks, type OpenSinks } from "./all.ts";
import { EventFeed } from "./event-feed.ts";
import { Outlet } from "./outlet.ts";
import type { FeederTimes } from "./queue/feeder.ts";
import { Queue } from "./queue/queue.ts";
import { RefusedParcels } from "./queue/refused.ts";
import type { SinkSettings } from "./settings.ts";
import type { Delivery, Sink, SinkState } from "./sink.ts";

/** What sinks are run in. */
export interface SinksOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where paths of the configuration begin; the current folder if left out. */
  readonly folder?: string;
  /** The kinds that there are; all of them if left out. */
  readonly kinds?: readonly OpenSinks[];
  readonly times?: FeederTimes;
}

/** Where queues are; nothing where there is no folder for them. */
interface Folder {
  readonly path: string;
  readonly release: Release;
}

/** All sinks that are configured, each with a queue of its own: none waits for another. */
export class Sinks {
  readonly #options: SinksOptions;
  readonly #folder: Folder | undefined;
  readonly #outlets: readonly Outlet[];
  readonly #feeds: EventFeed[] = [];

  /** Opens them; throws ConfigError for what the operator must put right. */
  static async open(config: SinkSettings, options: SinksOptions): Promise<Sinks> {
    const { clock, logger, folder: base = ".", kinds = allSinks } = options;
    const surroundings = { clock, logger, clusterName: config["cluster.name"], folder: base };
    const sinks: Sink[] = [];
    for (const open of kinds) {
      // One after the other: the first that is wrong is spoken of.
      // oxlint-disable-next-line no-await-in-loop
      sinks.push(...(await open(config, surroundings)));
    }
    if (sinks.length === 0) return new Sinks(options, undefined, []);
    const folder = await openFolder(config["queue.dir"], logger);
    const outlets = await Promise.all(
      sinks.map((sink) => openOutlet(sink, config, folder, options)),
    );
    if (folder !== undefined) await sayForgotten(folder.path, sinks, logger);
    return new Sinks(options, folder, outlets);
  }

  private constructor(
    options: SinksOptions,
    folder: Folder | undefined,
    outlets: readonly Outlet[],
  ) {
    this.#options = options;
    this.#folder = folder;
    this.#outlets = outlets;
  }

  /** Up to where each that takes samples has them. */
  get stored(): readonly Stored[] {
    return this.#outlets.filter((outlet) => outlet.takes("samples")).map(({ marks }) => marks);
  }

  /** Takes a delivery and returns at once; never throws. */
  take(delivery: Delivery): void {
    for (const outlet of this.#outlets) outlet.take(delivery);
  }

  /** Hands on the events of a log, to each sink those that it has not. */
  follow(log: EventLog): void {
    for (const outlet of this.#outlets) {
      if (outlet.takes("events")) this.#feeds.push(new EventFeed(log, outlet));
    }
  }

  /** How each stands. */
  states(): readonly SinkState[] {
    return this.#outlets.map((outlet) => outlet.state());
  }

  /** Resolves when everything taken so far is in the queues. */
  async flush(): Promise<void> {
    await Promise.all(this.#outlets.map((outlet) => outlet.flush()));
  }

  /** Lets go of what has waited for too long; to be called now and then. */
  async tidy(): Promise<void> {
    await Promise.all(
      this.#outlets.map((outlet) =>
        outlet.tidy().catch((error: unknown) => {
          const told = { sink: outlet.name, cause: messageOf(error) };
          this.#options.logger.warn(told, "cannot tidy up what waits for a store");
        }),
      ),
    );
  }

  /** What waits is on disk when it resolves. */
  async close(): Promise<void> {
    await Promise.all(this.#feeds.map((feed) => feed.close()));
    await Promise.all(this.#outlets.map((outlet) => outlet.close()));
    await this.#folder?.release();
  }
}

/** No disk is no reason not to run: what waits then waits in memory. */
async function openFolder(path: string, logger: Logger): Promise<Folder | undefined> {
  if (path === "") return undefined;
  try {
    return { path, release: await ownFolder(path, "queues") };
  } catch (error) {
    logger.warn({ directory: path, cause: messageOf(error) }, IN_MEMORY);
    return undefined;
  }
}

const IN_MEMORY =
  "what waits for stores waits in memory, so a restart forgets it; set queue.dir to a folder that can be written, or to nothing";

async function openOutlet(
  sink: Sink,
  config: SinkSettings,
  folder: Folder | undefined,
  { clock, logger: parent, times }: SinksOptions,
): Promise<Outlet> {
  const logger = parent.child({ sink: sink.name });
  const now = (): number => clock.now();
  const limits = { maxBytes: config["queue.max.bytes"], maxAge: config["queue.max.age"] * 1000 };
  const directory = folder && join(folder.path, sink.name);
  const options = { limits, now, logger };
  const queue = await Queue.open({ ...options, directory }).catch((error: unknown) => {
    logger.warn({ directory, cause: messageOf(error) }, IN_MEMORY);
    return Queue.open({ ...options, directory: undefined });
  });
  const aside = directory && join(directory, "refused");
  const refused = new RefusedParcels({ directory: aside, now, logger });
  return new Outlet(sink, { queue, refused, logger, ...(times === undefined ? {} : { times }) });
}

/** What waits for a sink that is not configured any more stays until somebody removes it. */
async function sayForgotten(path: string, sinks: readonly Sink[], logger: Logger): Promise<void> {
  const names = new Set(sinks.map(({ name }) => name));
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isDirectory() || names.has(entry.name)) continue;
    const directory = join(path, entry.name);
    logger.info(
      { directory },
      "a queue of a store that is not configured; remove it if it never will be",
    );
  }
}
