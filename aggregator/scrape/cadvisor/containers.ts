import { isDeepStrictEqual } from "node:util";

import type { Container } from "../../../wire/container.ts";
import { FEED_VERSION, type FeedContainer } from "../../../wire/feed.ts";
import { allMetrics } from "../../../wire/metrics/all.ts";
import type { Feed } from "../../model/feed.ts";
import { identityOf } from "./identity.ts";
import type { CadvisorPage, PageContainer } from "./page.ts";

/** Over so many scrapes that were missed counters can still be compared. */
const MOST_MISSED = 4;

const columns = allMetrics.map(({ name }) => name);

interface Seen {
  container: Container;
  /** Unix milliseconds of the newest sample. */
  time: number;
}

/** What a page shows of containers, as an agent would tell it: one sample of each for each scrape. */
export class CadvisorContainers {
  readonly node: string;
  readonly #interval: number;
  #seen = new Map<string, Seen>();
  #tick = 0;

  /** @param interval milliseconds between scrapes */
  constructor(node: string, interval: number) {
    this.node = node;
    this.#interval = interval;
  }

  /** Undefined if there is no container on the page. */
  feedOf(page: CadvisorPage): Feed | undefined {
    const found = page.containers.filter(({ time }) => Number.isFinite(time));
    if (found.length === 0) return undefined;
    this.#tick++;
    const before = this.#seen;
    this.#seen = new Map();
    const lines = found.map((container) => this.#lineOf(container, before.get(container.id)));
    for (const [id, { time }] of before) {
      if (!this.#seen.has(id)) lines.push({ ...NO_SAMPLES, id, gone: time });
    }
    const machine = { cpu_cores: page.cpuCores, memory_bytes: page.memoryBytes };
    const cursor = String(this.#tick);
    const head = {
      feed: FEED_VERSION,
      node: this.node,
      machine,
      cursor,
      oldest: cursor,
      interval_seconds: this.#interval / 1000,
      columns,
    } as const;
    return { head, lines };
  }

  #lineOf(found: PageContainer, before: Seen | undefined): FeedContainer {
    const { id, time } = found;
    const said = identityOf(found);
    const isSame = before !== undefined && isDeepStrictEqual(before.container, said);
    const container = isSame ? before.container : said;
    // cAdvisor may look less often than it is asked: what it has told before is no new sample.
    const isNew = before === undefined || time > before.time;
    this.#seen.set(id, { container, time: isNew ? time : before.time });
    if (!isNew) return { ...NO_SAMPLES, id, container };
    return {
      id,
      container,
      ticks: [this.#tick],
      times: [Math.round(time * 1000)],
      intervals: [this.#intervalSince(before, container, time)],
      values: [...found.row].map((value) => (Number.isFinite(value) ? [Math.round(value)] : null)),
    };
  }

  /** Microseconds; null where counters begin anew, or too much time has passed. */
  #intervalSince(before: Seen | undefined, now: Container, time: number): number | null {
    if (before === undefined || before.container.started_at !== now.started_at) return null;
    const passed = time - before.time;
    return passed <= this.#interval * MOST_MISSED ? Math.round(passed * 1000) : null;
  }
}

const NO_SAMPLES = { ticks: [], times: [], intervals: [], values: [] } as const;
