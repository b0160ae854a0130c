import { encodeLabels } from "../../wire/exposition/encode.ts";
import { columnOf } from "../../wire/metrics/all.ts";
import { filesystemMetrics, filesystemSeries } from "../../wire/metrics/filesystem.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { Measured } from "../filesystems/usage.ts";
import type { Collector, Host, Probe, SeriesValues } from "./collector.ts";
import { Standstill } from "./standstill.ts";

const METRICS = [filesystemMetrics.usage];
const COLUMN = columnOf(filesystemMetrics.usage);

const NONE: SeriesValues = new Map();

/** The series of one result, its values in the order of the families. */
function seriesOf({ filesystems, volumes }: Measured): SeriesValues {
  const series = new Map<string, Float64Array>();
  const no = Number.NaN;
  for (const { device, usage, limit, inodes, inodesFree } of filesystems) {
    series.set(encodeLabels({ device }), Float64Array.of(usage, limit, inodes, inodesFree, no));
  }
  for (const { volume, device, usage } of volumes) {
    series.set(encodeLabels({ volume, device }), Float64Array.of(no, no, no, no, usage));
  }
  return series;
}

/** Disk in use. It is measured elsewhere, as that takes long; here stands the newest result. */
export const filesystem: Collector = {
  name: "filesystem",
  group: "disk",
  metrics: METRICS,
  series: filesystemSeries,
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const watch = host.filesystems.watch(cgroup);
    if (watch === undefined) return undefined;
    const standstill = new Standstill();
    let shown: Measured | undefined;
    let series = NONE;
    return {
      get series() {
        return series;
      },
      read(row) {
        if (!standstill.isStill(row)) watch.stir();
        const { latest } = watch;
        if (latest !== shown) series = latest === undefined ? NONE : seriesOf(latest);
        shown = latest;
        row[COLUMN] = latest?.usage ?? Number.NaN;
      },
      close: () => watch.close(),
    };
  },
};
