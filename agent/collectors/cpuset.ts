import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { cpusetMetrics } from "../../wire/metrics/cpuset.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { Collector, Host, Probe } from "./collector.ts";

const MIGRATE = columnOf(cpusetMetrics.memoryMigrate);

/** A setting that v2 does not have. https://docs.kernel.org/admin-guide/cgroup-v1/cpusets.html */
export const cpuset: Collector = {
  name: "cpuset",
  group: "cpuset",
  metrics: Object.values(cpusetMetrics),
  open(cgroup: Cgroup, { files }: Host): Probe | undefined {
    const place = cgroup.controller("cpuset");
    if (place?.version !== 1) return undefined;
    const migrate = files.keep(join(place.directory, "cpuset.memory_migrate"));
    if (migrate === undefined) return undefined;
    return {
      read(row) {
        row[MIGRATE] = files.number(migrate);
      },
      close() {
        files.release(migrate);
      },
    };
  },
};
