import type { Found } from "./anchored-pattern.ts";

const variable = /\$(?:(?<dollar>\$)|\{(?<braced>\w+)\}|(?<bare>\w+))/gu;

/**
 * A template with its `$1`, `${1}`, `$name` and `${name}` filled in as Go does: the longest possible
 * name, so `$1x` is group `1x`; `$$` is a dollar; a group that is not there is empty.
 * https://pkg.go.dev/regexp#Regexp.Expand
 */
export function expand(template: string, found: Found): string {
  if (!template.includes("$")) return template;
  // Groups of an expression come before the offset, in their order.
  return template.replaceAll(
    variable,
    (_, dollar?: string, braced?: string, bare?: string) =>
      dollar ?? found.group(braced ?? bare ?? "") ?? "",
  );
}

/** Whether a template is one, that is, has something to fill in. */
export function isTemplate(text: string): boolean {
  return text.includes("$");
}
