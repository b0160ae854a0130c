import { columnOf } from "../../wire/metrics/all.ts";
import { cpuMetrics } from "../../wire/metrics/cpu.ts";
import type { Row } from "../../wire/ring.ts";

const USAGE = columnOf(cpuMetrics.usage);

/**
 * Tells whether a cgroup has stood still, so that what only its own processes can change need not
 * be read again. Each probe has one of its own, and asks it once a sample.
 */
export class Standstill {
  #usage = Number.NaN;
  #wasStill = false;

  /**
   * Whether its CPU time is what it was at the sample before, and at the one before that: what it
   * did last may show a little later in another file. False as long as its CPU time is not known.
   */
  isStill(row: Row): boolean {
    const usage = row[USAGE] ?? Number.NaN;
    const isSame = usage === this.#usage;
    const isStill = isSame && this.#wasStill;
    this.#usage = usage;
    this.#wasStill = isSame;
    return isStill;
  }
}
