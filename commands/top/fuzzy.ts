import type { Row } from "./row.ts";

/** Whether a word's letters stand in a text, in their order, whatever is between. Both in lower case. */
function holdsLetters(text: string, word: string): boolean {
  let from = 0;
  for (const letter of word) {
    const place = text.indexOf(letter, from);
    if (place === -1) return false;
    from = place + letter.length;
  }
  return true;
}

/**
 * Whether a container fits what was typed: each word in the name, the node, the image, the engine, the
 * state or a group. A word of other texts than the name must stand there as it is, or everything would
 * fit something.
 */
export function fits(row: Row, filter: string): boolean {
  const words = filter
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== "");
  if (words.length === 0) return true;
  const name = row.name.toLowerCase();
  const others = [
    row.node,
    row.image,
    row.runtime,
    row.state,
    row.health,
    ...Object.values(row.groups),
  ];
  return words.every(
    (word) => holdsLetters(name, word) || others.some((text) => text.toLowerCase().includes(word)),
  );
}
