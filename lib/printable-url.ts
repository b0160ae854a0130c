/** A text that may be or hold URLs, without their user names, passwords and query values. */
export function printableUrl(text: string): string {
  return text
    .replaceAll(/(?<scheme>[a-z][a-z0-9+.-]*:\/\/)[^/?#\s]*@/giu, "$<scheme>")
    .replaceAll(/(?<before>[a-z][a-z0-9+.-]*:\/\/[^?#\s]*)\?[^#\s]+/giu, "$<before>?…");
}
