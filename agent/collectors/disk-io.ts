import { join } from "node:path";

import { diskIoMetrics, diskIoSeries } from "../../wire/metrics/disk-io.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { booksOf, isInProgress } from "./blkio-books.ts";
import type { Coverage } from "./blkio-policies.ts";
import type { Collector, Host, Probe, SeriesValues } from "./collector.ts";
import { type BookFile, BookFiles, type Books, seriesOf, sumsOf, writeSums } from "./disk-books.ts";
import { openDiskstats } from "./diskstats.ts";
import { parseIoStat } from "./io-stat.ts";
import { Standstill } from "./standstill.ts";

const NONE: SeriesValues = new Map();

/** Books that are open, and what was made of them last. */
class KeptBooks {
  series: SeriesValues = NONE;
  sums: Float64Array | undefined;
  books: Books | undefined;
  readonly #files: BookFiles;
  readonly #host: Host;

  constructor(host: Host, groups: readonly (readonly BookFile[])[]) {
    this.#files = new BookFiles(host.files, groups);
    this.#host = host;
  }

  get isOpen(): boolean {
    return this.#files.isOpen;
  }

  read(): void {
    const books = this.#files.read();
    if (books === this.books) return;
    const { devices } = this.#host.blkio;
    this.series = books === undefined ? NONE : seriesOf(books, devices);
    this.sums = books === undefined ? undefined : sumsOf(books, devices);
    this.books = books;
  }

  close(): void {
    this.#files.close();
  }
}

function openV1(kept: KeptBooks, { blkio }: Host): Probe {
  const standstill = new Standstill();
  let coverage: Coverage = "none";
  return {
    get series() {
      return coverage === "none" ? NONE : kept.series;
    },
    read(row) {
      const isStill = standstill.isStill(row);
      const before = coverage;
      coverage = blkio.coverage();
      if (coverage === "none") return;
      // Only tasks of the cgroup add to it: v1 charges the machine with what is written back later.
      const isOld = before === "none" || kept.books === undefined || isInProgress(kept.books);
      if (!isStill || isOld) kept.read();
      // A sum that lacks a disk would be too small.
      if (coverage === "all" && kept.sums !== undefined) writeSums(row, kept.sums);
    },
    close: () => kept.close(),
  };
}

function openV2(kept: KeptBooks): Probe {
  return {
    get series() {
      return kept.series;
    },
    read(row) {
      kept.read();
      if (kept.sums !== undefined) writeSums(row, kept.sums);
    },
    close: () => kept.close(),
  };
}

/** Block I/O, device by device. */
export const diskIo: Collector = {
  name: "disk-io",
  group: "diskIO",
  metrics: Object.values(diskIoMetrics),
  series: diskIoSeries,
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    if (cgroup.id === "/") return openDiskstats(cgroup, host);
    const place = cgroup.controller("blkio") ?? cgroup.controller("io");
    if (place === undefined) return undefined;
    const { version, directory } = place;
    const groups: BookFile[][] =
      version === 1
        ? booksOf(directory, host.blkio)
        : [[{ path: join(directory, "io.stat"), parse: parseIoStat }]];
    const kept = new KeptBooks(host, groups);
    if (kept.isOpen) return version === 1 ? openV1(kept, host) : openV2(kept);
    kept.close();
    return undefined;
  },
};
