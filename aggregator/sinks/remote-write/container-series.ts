import type { Container } from "../../../wire/container.ts";
import type { Labels } from "../../../wire/labels.ts";
import { allStats } from "../../../wire/metrics/all.ts";
import type { RelabelRule } from "../../jobs/relabel.ts";
import type { Batch, Stretch } from "../../model/batch.ts";
import { keyOf } from "../../scrape/series/scraped.ts";
import { containerFamilies } from "./container-families.ts";
import { containerLabels } from "./container-labels.ts";
import { type Point, PointMaker } from "./container-point.ts";
import { NamedLabels } from "./named-labels.ts";
import { type ParcelWriter, STALE } from "./parcel-writer.ts";
import { isTooFarAhead } from "./too-far-ahead.ts";

/** A container that lags behind its node by more has ended: by so much, or by so many of its intervals. */
const LAGGING_MS = 30_000;
const LAGGING_INTERVALS = 3;
/** One that lags by less may only be the next to be told of: by so much, or by so many of its intervals. */
const LATE_MS = 2000;
const LATE_INTERVALS = 1.5;

/** What was not heard of for so long is forgotten. Milliseconds. */
const FORGOTTEN_MS = 10 * 60_000;

/** How the series of containers are written. */
export interface ContainerSeriesOptions {
  /** Milliseconds between two points. */
  readonly step: number;
  /** On every series that has none of the name. */
  readonly external: Labels;
  readonly rules: readonly RelabelRule[];
}

/** A container whose series are written. */
interface Written {
  container: Container;
  labels: NamedLabels;
  readonly points: PointMaker;
  /** Families of which the newest point has a value. */
  readonly live: Set<string>;
  /** Unix milliseconds of the newest point. */
  newest: number;
  /** Unix milliseconds, by our clock. */
  heard: number;
}

/** Makes gauges of the samples of containers: a point for each stretch of time, and a stale marker at the end. */
export class ContainerSeries {
  readonly #options: ContainerSeriesOptions;
  readonly #families: ReturnType<typeof containerFamilies>;
  /** By node, then by cgroup path. */
  readonly #nodes = new Map<string, Map<string, Written>>();

  constructor(options: ContainerSeriesOptions) {
    this.#options = options;
    this.#families = containerFamilies(options.step);
  }

  /** Writes the points that a batch has made whole. */
  write(batch: Batch, now: number, writer: ParcelWriter): void {
    const newest = new Map<string, number>();
    for (const stretch of batch) {
      const last = this.#take(stretch, now, writer);
      newest.set(stretch.node, Math.max(last, newest.get(stretch.node) ?? last));
    }
    for (const [node, time] of newest) this.#endLagging(node, time, writer);
    this.#forget(now);
  }

  /**
   * From when on (Unix milliseconds) the samples of a node's containers are in no point yet; undefined if
   * none waits. One that has ended is not waited for: handing all others in again for its sake would
   * repeat points that stores refuse as too old.
   */
  heldSince(node: string): number | undefined {
    const all = [...(this.#nodes.get(node)?.values() ?? [])].map(({ points }) => points);
    const newest = all.reduce((time, { lastTime }) => Math.max(time, lastTime), -Infinity);
    const held = all
      .filter(({ start, lastTime, lastInterval }) => {
        const lag = Math.max(LATE_MS, LATE_INTERVALS * lastInterval);
        return !Number.isNaN(start) && newest - lastTime <= lag;
      })
      .reduce((time, { start }) => Math.min(time, start), Number.POSITIVE_INFINITY);
    return held === Number.POSITIVE_INFINITY ? undefined : held;
  }

  /** Gives the time of the container's newest sample. */
  #take(stretch: Stretch, now: number, writer: ParcelWriter): number {
    const written = this.#writtenOf(stretch, writer);
    written.heard = now;
    for (const [index, time] of stretch.times.entries()) {
      const row = stretch.rows[index];
      if (row === undefined || isTooFarAhead(time, now)) continue;
      const point = written.points.add(time, stretch.intervals[index] ?? Number.NaN, row);
      if (point !== undefined) this.#writePoint(written, point, writer);
    }
    return written.points.lastTime;
  }

  #writtenOf({ node, container }: Stretch, writer: ParcelWriter): Written {
    const ofNode = this.#nodes.get(node) ?? new Map<string, Written>();
    this.#nodes.set(node, ofNode);
    const known = ofNode.get(container.id);
    if (known?.container === container) return known;
    const own = containerLabels(node, container);
    if (known !== undefined && keyOf(known.labels.labels) !== keyOf(own)) this.#end(known, writer);
    const { step, external, rules } = this.#options;
    const labels = new NamedLabels(own, external, rules);
    const written: Written = known ?? {
      container,
      labels,
      points: new PointMaker(step, allStats.length),
      live: new Set(),
      newest: Number.NEGATIVE_INFINITY,
      heard: 0,
    };
    written.container = container;
    written.labels = labels;
    ofNode.set(container.id, written);
    return written;
  }

  #writePoint(written: Written, { time, averages, maxima }: Point, writer: ParcelWriter): void {
    written.newest = time;
    for (const { name, of, column } of this.#families) {
      const value = (of === "avg" ? averages : maxima)[column] ?? Number.NaN;
      const isAbsent = Number.isNaN(value);
      if (isAbsent && !written.live.delete(name)) continue;
      if (!isAbsent) written.live.add(name);
      this.#writeValue(written, name, time, isAbsent ? STALE : value, writer);
    }
  }

  #writeValue(
    written: Written,
    name: string,
    time: number,
    value: number | typeof STALE,
    writer: ParcelWriter,
  ): void {
    const labels = written.labels.of(name);
    if (labels !== undefined) writer.add(labels, time, value);
  }

  #endLagging(node: string, newest: number, writer: ParcelWriter): void {
    for (const [id, written] of this.#nodes.get(node) ?? []) {
      const { lastTime, lastInterval } = written.points;
      const lag = Math.max(LAGGING_MS, LAGGING_INTERVALS * lastInterval);
      if (newest - lastTime <= lag) continue;
      this.#end(written, writer);
      this.#nodes.get(node)?.delete(id);
    }
  }

  /** Writes what there is of the last stretch, and that all series have ended. */
  #end(written: Written, writer: ParcelWriter): void {
    const last = written.points.end();
    if (last !== undefined) this.#writePoint(written, last, writer);
    for (const name of written.live) {
      // No later point can have this time.
      this.#writeValue(written, name, written.newest + 1, STALE, writer);
    }
    written.live.clear();
  }

  /**
   * A node that is silent may only be out of reach: what it tells later is older than a stale marker
   * of now, and would be refused for that. So its series end as those of a lost sender do.
   */
  #forget(now: number): void {
    for (const [node, ofNode] of this.#nodes) {
      for (const [id, { heard }] of ofNode) if (now - heard > FORGOTTEN_MS) ofNode.delete(id);
      if (ofNode.size === 0) this.#nodes.delete(node);
    }
  }
}
