import { Counter, Gauge, type Registry } from "prom-client";

/** A metric of a program whose numbers are kept elsewhere and read when somebody asks. */
export interface Observed {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Tells the numbers, one call for each series. */
  readonly read: (tell: (value: number, labels?: Record<string, string>) => void) => void;
}

/** Adds a counter that is observed. */
export function observedCounter(registry: Registry, { name, help, labels, read }: Observed): void {
  const counter = new Counter({
    name,
    help,
    labelNames: [...(labels ?? [])],
    registers: [],
    collect() {
      this.reset();
      read((value, of = {}) => this.inc(of, value));
    },
  });
  registry.registerMetric(counter);
}

/** Adds a gauge that is observed. */
export function observedGauge(registry: Registry, { name, help, labels, read }: Observed): void {
  const gauge = new Gauge({
    name,
    help,
    labelNames: [...(labels ?? [])],
    registers: [],
    collect() {
      this.reset();
      read((value, of = {}) => this.set(of, value));
    },
  });
  registry.registerMetric(gauge);
}
