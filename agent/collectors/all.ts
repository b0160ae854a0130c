import type { Collector } from "./collector.ts";
import { cpu } from "./cpu.ts";
import { diskIo } from "./disk-io.ts";
import { memory } from "./memory.ts";
import { network } from "./network.ts";
import { pressure } from "./pressure.ts";
import { process } from "./process.ts";

/** Every collector. A new one is a new line here. */
export const allCollectors: readonly Collector[] = [
  cpu,
  memory,
  process,
  diskIo,
  network,
  pressure,
];
