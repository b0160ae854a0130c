/** More stars could make a search take very long. */
export const MOST_STARS = 5;

/** How many stars a glob has; several in a row are one. */
export function starsOf(glob: string): number {
  return glob.split(/\*+/).length - 1;
}

/** A glob (`*` and `?`) as a regular expression over the whole name. */
export function globPattern(glob: string): RegExp {
  const source = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "su");
}
