import type { ExpositionFormat, FamilyHead } from "../../../wire/exposition/encode.ts";
import type { Page } from "../../../wire/exposition/page.ts";
import type { Tracked } from "../../window/tracked.ts";

/**
 * Takes one series of a container: the labels that follow the container's own, as they stand on the
 * page (`device="/dev/sda"`, or nothing), and the value. NaN = no such series.
 */
export type Emit = (labels: string, value: number) => void;

/** One family with series for containers: what it is, and which series a container has. */
export interface ContainerFamily extends FamilyHead {
  /** Measured by sampling, so that `--timestamps` gives its series the time of the sample. */
  readonly isSampled?: boolean;
  /** Emits the series in an order that stays the same as long as they are the same. */
  write(tracked: Tracked, emit: Emit): void;
}

/** Families that are not about one sampled container each: written as they are. */
export type PageSection = (page: Page, format: ExpositionFormat) => void | Promise<void>;
