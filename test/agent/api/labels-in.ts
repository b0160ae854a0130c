/** Label names and values as a scraper reads them from between the braces; throws if it could not. */
export function labelsIn(text: string): [name: string, value: string][] {
  const found: [string, string][] = [];
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
  while (label.lastIndex < text.length) {
    const at = label.lastIndex;
    const [, name, value] = label.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no label at ${at} of ${text}`);
    const plain = value.replaceAll(/\\(.)/g, (_, character: string) =>
      character === "n" ? "\n" : character,
    );
    found.push([name, plain]);
  }
  return found;
}
