import { printable } from "./printable.ts";

/** Drawn over the character before it. */
const MARK = /^[\p{Mn}\p{Me}\u{1160}-\u{11FF}]$/u;

/** Shown as a picture unless told otherwise; a flag's letters are pictures only in pairs. */
const PICTURE = /^(?![\u{1F1E6}-\u{1F1FF}])\p{Emoji_Presentation}$/u;

/**
 * First and last of the characters that take two cells: those that are W or F in
 * https://www.unicode.org/reports/tr11/, without the pictures; what is not assigned in between is
 * never asked for.
 */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x3247],
  [0x3250, 0x4dbf],
  [0x4e00, 0xa4c6],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x18d00, 0x18d08],
  [0x1aff0, 0x1b2fb],
  [0x1f200, 0x1f265],
  [0x1f300, 0x1f320],
  [0x20000, 0x3fffd],
];

/** How many cells a character takes: 0, 1 or 2. */
function cellsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (MARK.test(character)) return 0;
  if (PICTURE.test(character)) return 2;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** How many cells a printable text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
}

/** A text made printable and cut to so many cells, with `…` (or `~`) where something is left out. */
export function cut(text: string, width: number, more = "…"): string {
  const clean = printable(text);
  // No character takes more than two.
  if (clean.length * 2 <= width || widthOf(clean) <= width) return clean;
  if (width < 1) return "";
  let kept = "";
  let left = width - 1;
  for (const character of clean) {
    left -= cellsOf(character);
    if (left < 0) break;
    kept += character;
  }
  return kept + more;
}

/** A text of exactly so many cells, its blanks behind it, or before it. */
export function pad(text: string, width: number, side: "left" | "right" = "left"): string {
  const short = cut(text, width);
  const blanks = " ".repeat(Math.max(0, width - widthOf(short)));
  return side === "left" ? short + blanks : blanks + short;
}
