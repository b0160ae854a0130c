import { Slice } from "../../../lib/slice.ts";
import type { Container } from "../../../wire/container.ts";
import { encodeHead, encodeValue, type ExpositionFormat } from "../../../wire/exposition/encode.ts";
import type { Page } from "../../../wire/exposition/page.ts";
import type { Tracked } from "../../window/tracked.ts";
import { FamilyLines } from "./family-lines.ts";
import type { ContainerFamily } from "./family.ts";

/** How the series of containers are to be written. */
export interface Style {
  /** The labels that stand on every series of a container. */
  readonly labelsOf: (container: Container) => string;
  /** Sampled series carry the time of their sample. */
  readonly hasTimestamps: boolean;
}

/** The first family of a subject may have to work its numbers out: after so many the clock is looked at. */
const LOOK_AT_CLOCK = 32;

interface Part {
  readonly family: ContainerFamily;
  readonly lines: FamilyLines;
}

/** What stands behind a value: the sample's time, in the format's own unit. */
function timeOf({ ring }: Tracked, format: ExpositionFormat): string {
  const time = ring.timeAt(ring.length - 1);
  return format === "openmetrics" ? ` ${time / 1000}\n` : ` ${Math.floor(time)}\n`;
}

/** Writes the families of all containers, page after page, each with what the last one spares it. */
export class ContainerPage {
  readonly #parts: readonly Part[];
  readonly #style: Style;

  constructor(families: readonly ContainerFamily[], style: Style) {
    this.#parts = families.map((family) => ({ family, lines: new FamilyLines(family.name) }));
    this.#style = style;
  }

  /** Writes them, a few milliseconds at a time; a family without series is left out. One page at a time. */
  async write(page: Page, tracked: readonly Tracked[], format: ExpositionFormat): Promise<void> {
    const slice = new Slice();
    for (const part of this.#parts) {
      const before = page.length;
      page.write(encodeHead(part.family, format));
      const headed = page.length;
      part.lines.begin(page);
      for (const [index, one] of tracked.entries()) {
        this.#writeContainer(part, one, format);
        if (index % LOOK_AT_CLOCK === 0 && slice.isOver()) await slice.next();
      }
      part.lines.end();
      if (page.length === headed) page.cut(before);
    }
  }

  /** The page is complete, in these bytes. */
  keep(bytes: Buffer): void {
    for (const { lines } of this.#parts) lines.keep(bytes);
  }

  #writeContainer({ family, lines }: Part, tracked: Tracked, format: ExpositionFormat): void {
    const owner = this.#style.labelsOf(tracked.container);
    const isTimed = this.#style.hasTimestamps && family.isSampled === true;
    const time = isTimed ? timeOf(tracked, format) : "";
    family.write(tracked, (labels, value) => {
      if (Number.isNaN(value)) return;
      if (isTimed) lines.add(owner, labels, value, encodeValue(value) + time);
      else lines.add(owner, labels, value);
    });
  }
}
