import { printable } from "./printable.ts";
import { cut, widthOf } from "./width.ts";

/** How a piece of text looks; colours only help, nothing is said by them alone. */
export type Style =
  | "plain"
  | "bold"
  | "dim"
  | "good"
  | "warn"
  | "bad"
  | "accent"
  | "bar"
  | "chosen";

/** A piece of text, printable, in one style. */
export interface Piece {
  readonly text: string;
  readonly style: Style;
}

/** A line of the screen. */
export type Line = readonly Piece[];

/** Select Graphic Rendition of ECMA-48. https://ecma-international.org/publications-and-standards/standards/ecma-48/ */
const CODES: Readonly<Record<Style, string>> = {
  plain: "",
  bold: "1",
  dim: "2",
  good: "32",
  warn: "33",
  bad: "1;31",
  accent: "36",
  bar: "7",
  chosen: "7",
};

/** Without colours what is chosen, and the line of the names, must still be seen. */
const WITHOUT_COLOURS: ReadonlySet<Style> = new Set(["bold", "bar", "chosen"]);

/** A piece of text of whatever came from outside. */
export function piece(text: string, style: Style = "plain"): Piece {
  return { text: printable(text), style };
}

/** How many cells a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + widthOf(text), 0);
}

/** A line that takes no more cells than there are. */
export function cutLine(line: Line, width: number): Line {
  const kept: Piece[] = [];
  let left = width;
  for (const { text, style } of line) {
    if (left <= 0) break;
    const short = cut(text, left);
    kept.push({ text: short, style });
    left -= widthOf(short);
  }
  return kept;
}

/** A line filled with blanks to its whole width, in one style. */
export function fillLine(line: Line, width: number, style: Style = "plain"): Line {
  const short = cutLine(line, width);
  const blanks = width - lineWidth(short);
  return blanks > 0 ? [...short, { text: " ".repeat(blanks), style }] : short;
}

/** The left part, and the right part at the end of the line; where both don't fit, the left one is cut. */
export function spread(left: Line, right: Line, width: number): Line {
  const last = cutLine(right, width);
  const space = width - lineWidth(last);
  return [...fillLine(left, Math.max(0, space - 1)), ...(space > 0 ? [piece(" ")] : []), ...last];
}

/** All of a line in one style, as the chosen one is shown. */
export function restyled(line: Line, style: Style): Line {
  return [{ text: textOf(line), style }];
}

const LETTERS: Readonly<Record<string, string>> = { "…": "~", "▲": "^", "▼": "v" };

/** The marks that we draw ourselves, for terminals without them; what comes from outside stays as it is. */
export function asciiOf(line: Line): Line {
  return line.map(({ text, style }) => ({
    text: text.replaceAll(/[…▲▼]/gu, (mark) => LETTERS[mark] ?? mark),
    style,
  }));
}

/** A line as plain text. */
export function textOf(line: Line): string {
  return line.map(({ text }) => text).join("");
}

/** A line as a terminal takes it. */
export function encodeLine(line: Line, hasColours: boolean): string {
  return line
    .map(({ text, style }) => {
      const code = hasColours || WITHOUT_COLOURS.has(style) ? CODES[style] : "";
      return code === "" ? printable(text) : `\u001B[${code}m${printable(text)}\u001B[0m`;
    })
    .join("");
}
