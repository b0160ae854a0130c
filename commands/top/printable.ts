/**
 * What a container is called must not steer a terminal: control characters, line ends, marks that
 * turn the direction of writing round, half characters.
 */
const DANGEROUS = /[\p{Cc}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069]/gu;

/** Joiners and other marks that show nothing, and that each terminal draws in another way. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}/gu;

/** A letter with so many marks on it is none that anybody could read. */
const TOO_MANY_MARKS = /(\p{M}{4})\p{M}+/gu;

const PLAIN = /^[\u0020-\u007E]*$/;

/** A text that can stand on one line of a terminal. What is dangerous becomes `?`. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .replaceAll(DANGEROUS, "?")
    .replaceAll(UNSEEN, "")
    .replaceAll(TOO_MANY_MARKS, "$1")
    .replace(/^\p{M}+/u, "");
}
