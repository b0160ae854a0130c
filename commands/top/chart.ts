const BLOCKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const LETTERS = [".", ":", "-", "=", "+", "*", "#", "@"] as const;
const ABSENT = " ";

/** The greatest of the values; 0 if there is none. */
export function greatest(values: readonly number[]): number {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most;
}

/** The greatest of each of so many equal stretches; NaN where nothing was measured. */
function stretched(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, place) => {
    const from = Math.floor((place * values.length) / count);
    const to = Math.max(from + 1, Math.floor(((place + 1) * values.length) / count));
    const known = values.slice(from, to).filter((value) => !Number.isNaN(value));
    return known.length === 0 ? Number.NaN : Math.max(...known);
  });
}

/**
 * Values as a line of blocks, the newest at its right end. `span` is how many values the whole width
 * stands for, `full` what a whole block does.
 */
export function sparkline(
  values: readonly number[],
  {
    width,
    span,
    full,
    isAscii,
  }: Readonly<{ width: number; span: number; full: number; isAscii: boolean }>,
): string {
  if (width <= 0) return "";
  const marks = isAscii ? LETTERS : BLOCKS;
  const shown = lastOf(values, Math.max(span, width));
  const top = full > 0 ? full : 1;
  return stretched(shown, width)
    .map((value) => {
      if (Number.isNaN(value)) return ABSENT;
      const level = Math.ceil((value / top) * marks.length) - 1;
      return marks[Math.min(marks.length - 1, Math.max(0, level))] ?? ABSENT;
    })
    .join("");
}

/** The newest so many, with NaN before them where there are fewer. */
function lastOf(values: readonly number[], count: number): number[] {
  const missing = Math.max(0, count - values.length);
  return [...Array.from({ length: missing }, () => Number.NaN), ...values.slice(-count)];
}

/** How full something is: `█████░░░`, or `#####...`. Blank where it is not known. */
export function bar(ratio: number | undefined, width: number, isAscii: boolean): string {
  if (ratio === undefined || Number.isNaN(ratio)) return " ".repeat(width);
  const wanted = Math.round(Math.min(1, Math.max(0, ratio)) * width);
  // A little is not nothing.
  const full = ratio > 0 ? Math.max(1, wanted) : 0;
  const [on, off] = isAscii ? ["#", "."] : ["█", "░"];
  return on.repeat(full) + off.repeat(width - full);
}

/** Dots of a braille cell from its bottom to its top, left column and right column. https://www.unicode.org/charts/PDF/U2800.pdf */
const DOTS = [
  [0x40, 0x04, 0x02, 0x01],
  [0x80, 0x20, 0x10, 0x08],
] as const;

/** What a chart is drawn in. */
export interface ChartSize {
  /** Cells. */
  readonly width: number;
  readonly height: number;
  /** How many values the whole width stands for. */
  readonly span: number;
  /** The value at the upper edge. */
  readonly full: number;
  readonly isAscii: boolean;
}

/** Values as a filled curve, line by line from the top, the newest at the right end. */
export function chart(values: readonly number[], size: ChartSize): string[] {
  const { width, height, span, full, isAscii } = size;
  const [columns, rows] = isAscii ? [1, 1] : [2, 4];
  const points = stretched(lastOf(values, span), width * columns);
  const top = full > 0 ? full : 1;
  const levels = points.map((value) => {
    if (Number.isNaN(value)) return 0;
    const level = Math.round((value / top) * height * rows);
    // What is measured and next to nothing still has a line at the bottom.
    return Math.min(height * rows, Math.max(1, level));
  });
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * rows;
    return Array.from({ length: width }, (__, cell) => {
      const inCell = levels.slice(cell * columns, (cell + 1) * columns);
      const filled = inCell.map((level) => Math.min(rows, Math.max(0, level - below)));
      return isAscii ? ((filled[0] ?? 0) > 0 ? "#" : " ") : braille(filled);
    }).join("");
  });
}

function braille(filled: readonly number[]): string {
  let dots = 0;
  for (const [column, count] of filled.entries()) {
    for (const dot of (DOTS[column] ?? []).slice(0, count)) dots |= dot;
  }
  return dots === 0 ? " " : String.fromCodePoint(0x2800 + dots);
}
