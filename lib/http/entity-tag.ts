/** An entity tag, weak or strong. */
const TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

const withoutWeakness = (tag: string): string => tag.replace(/^W\//, "");

/**
 * Whether an `If-None-Match` header names a tag, by weak comparison.
 * https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match
 */
export function isNamedIn(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  const named: readonly string[] = header.match(TAG) ?? [];
  return named.some((each) => withoutWeakness(each) === withoutWeakness(tag));
}
