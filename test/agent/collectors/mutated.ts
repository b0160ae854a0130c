import fc from "fast-check";

/** A text with a few parts of it cut out or put in. */
export function mutated(whole: string): fc.Arbitrary<string> {
  const mutation = fc.record({
    at: fc.nat({ max: whole.length }),
    remove: fc.nat({ max: 10 }),
    insert: fc.string({ unit: "binary-ascii", maxLength: 10 }),
  });
  return fc.array(mutation, { maxLength: 4 }).map((mutations) => {
    let text = whole;
    for (const { at, remove, insert } of mutations) {
      text = text.slice(0, at) + insert + text.slice(at + remove);
    }
    return text;
  });
}
