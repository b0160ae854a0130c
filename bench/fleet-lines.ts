import { FEED_END, FEED_VERSION } from "../wire/feed.ts";
import { allMetrics } from "../wire/metrics/all.ts";
import type { RecordedContainer, Recording } from "./fleet-recording.ts";

const MICRO = 1_000_000;

/** An agent keeps a minute. */
const KEPT = 60;

const COUNTERS = new Set(
  allMetrics.flatMap(({ name, type }) => (type === "counter" ? [name] : [])),
);

/** A stretch of passes: after `since`, up to and with `until`. A pass is a Unix second. */
interface Span {
  readonly since: number;
  readonly until: number;
}

/** A recorded minute that begins anew again and again, its counters always higher. */
class Endless {
  readonly #rows: readonly Float64Array[];
  readonly #growth: readonly number[];
  readonly #begun: number;
  readonly #shift: number;

  /** @param shift where in the minute it begins, so that containers differ */
  constructor({ samples }: RecordedContainer, columns: readonly string[], shift: number) {
    this.#rows = samples.rows;
    this.#shift = shift;
    this.#begun = Math.floor(Date.now() / 1000) - 2 * KEPT;
    const [first, last] = [this.#rows[0], this.#rows.at(-1)];
    this.#growth = columns.map((name, column) => {
      const grown = (last?.[column] ?? Number.NaN) - (first?.[column] ?? Number.NaN);
      return COUNTERS.has(name) && grown > 0 ? grown : 0;
    });
  }

  valueAt(tick: number, column: number): number {
    const passes = tick - this.#begun + this.#shift;
    const turns = Math.floor(passes / this.#rows.length);
    const recorded = this.#rows[passes % this.#rows.length]?.[column] ?? Number.NaN;
    return recorded + turns * (this.#growth[column] ?? 0);
  }
}

/** The feed of every agent of a fleet, whose containers do the same at the same time. */
export class FleetLines {
  readonly #recording: Recording;
  readonly #members: readonly Endless[];
  /** What follows a line's identity, by stretch; the same for all nodes. */
  readonly #tails = new Map<string, readonly string[]>();

  constructor(recording: Recording, containers: number) {
    const { head, machine } = recording;
    this.#recording = recording;
    const columns = head.columns;
    this.#members = [
      new Endless(machine, columns, 0),
      ...Array.from(
        { length: containers },
        (_, at) => new Endless(recordedAt(recording, at), columns, at * 7),
      ),
    ];
  }

  /** What the agent of a node answers; `since` is undefined for who knows nothing. */
  body(node: number, since: number | undefined, until: number): string {
    const span = { since: Math.max(since ?? 0, until - KEPT), until };
    const tails = this.#tailsOf(span);
    const lines = tails.map((tail, at) => {
      const id = at === 0 ? "/" : idOf(node, at);
      const identity = since === undefined ? `,"container":${this.#identity(node, at, id)}` : "";
      return `{"id":"${id}"${identity}${tail}`;
    });
    return `${JSON.stringify(this.#head(node, until))}\n${lines.join("")}${JSON.stringify(FEED_END)}\n`;
  }

  #head(node: number, until: number): object {
    const { machine, columns } = this.#recording.head;
    return {
      feed: FEED_VERSION,
      node: `node-${node}`,
      machine,
      cursor: `fleet-${until}`,
      oldest: `fleet-${until - KEPT}`,
      complete: true,
      interval_seconds: 1,
      columns,
    };
  }

  #identity(node: number, at: number, id: string): string {
    if (at === 0) return JSON.stringify(this.#recording.machine.container);
    const { container } = recordedAt(this.#recording, at);
    const groups = { compose_project: `project-${node % 50}`, service: `service-${at % 10}` };
    const own = { id, container_id: id.slice("/docker/".length), name: `c-${node}-${at}`, groups };
    return JSON.stringify({ ...container, ...own });
  }

  #tailsOf(span: Span): readonly string[] {
    const key = `${span.since} ${span.until}`;
    const known = this.#tails.get(key);
    if (known !== undefined) return known;
    if (this.#tails.size > 200) this.#tails.clear();
    const width = this.#recording.head.columns.length;
    const tails = this.#members.map((member, at) => `,${encode(member, at, width, span)}}\n`);
    this.#tails.set(key, tails);
    return tails;
  }
}

function recordedAt({ containers, machine }: Recording, at: number): RecordedContainer {
  return containers[at % containers.length] ?? machine;
}

/** As engines name containers: 64 hexadecimal digits. */
function idOf(node: number, at: number): string {
  const digits = `${node.toString(16).padStart(8, "0")}${at.toString(16).padStart(8, "0")}`;
  return `/docker/${digits.padEnd(64, "5a")}`;
}

/** Samples as the feed writes them, without the brackets. */
function encode(member: Endless, at: number, width: number, { since, until }: Span): string {
  const ticks = Array.from({ length: until - since }, (_, index) => since + 1 + index);
  // Each container is read at its own time within a pass.
  const times = ticks.map((tick) => tick * MICRO + 900 * at + ((tick * 7919) % 700));
  const values = Array.from({ length: width }, (_, column) => {
    const list = differences(ticks.map((tick) => member.valueAt(tick, column)));
    return list.every((value) => value === null) ? null : list;
  });
  const present = values.slice(0, values.findLastIndex((list) => list !== null) + 1);
  const intervals = ticks.map(() => MICRO);
  const samples = { ticks: differences(ticks), times: differences(times), intervals };
  return JSON.stringify({ ...samples, values: present }).slice(1, -1);
}

function differences(values: readonly number[]): (number | null)[] {
  let before = 0;
  return values.map((value) => {
    if (Number.isNaN(value)) return null;
    const difference = value - before;
    before = value;
    return difference;
  });
}
