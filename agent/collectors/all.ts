import { advancedTcp } from "./advanced-tcp.ts";
import type { Collector } from "./collector.ts";
import { cpu } from "./cpu.ts";
import { cpuset } from "./cpuset.ts";
import { descriptors } from "./descriptors.ts";
import { diskIo } from "./disk-io.ts";
import { filesystem } from "./filesystem.ts";
import { hugetlb } from "./hugetlb.ts";
import { load } from "./load.ts";
import { memoryNuma } from "./memory-numa.ts";
import { memory } from "./memory.ts";
import { network } from "./network.ts";
import { oom } from "./oom.ts";
import { percpu } from "./percpu.ts";
import { perfEvent } from "./perf-event.ts";
import { pressure } from "./pressure.ts";
import { process } from "./process.ts";
import { referenced } from "./referenced.ts";
import { resctrl } from "./resctrl.ts";
import { sched } from "./sched.ts";
import { tcp } from "./tcp.ts";
import { udp } from "./udp.ts";

/** Every collector. A new one is a new line here. */
export const allCollectors: readonly Collector[] = [
  cpu,
  memory,
  oom,
  process,
  percpu,
  descriptors,
  sched,
  diskIo,
  filesystem,
  network,
  tcp,
  udp,
  advancedTcp,
  pressure,
  load,
  perfEvent,
  resctrl,
  cpuset,
  memoryNuma,
  hugetlb,
  referenced,
];
