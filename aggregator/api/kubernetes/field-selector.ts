import { badRequest } from "./status.ts";

/** The fields of an object that can be selected by, `metadata.name` for example. */
export type Fields = Readonly<Record<string, string>>;

/** Whether an object's fields fit a selector. */
export type FieldSelector = (fields: Fields) => boolean;

/** A field, an operator, and a value in which `\` stands before what would mean something. */
const TERM = /^([^=!\\,]+)(==|!=|=)((?:[^\\,=]|\\[\\,=])*)$/;

/**
 * Understands `fieldSelector`; throws a 400 for anything but `=`, `==` and `!=` on a known field.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
 */
export function parseFieldSelector(text: string, known: readonly string[]): FieldSelector {
  const terms = text.match(/(?:[^\\,]|\\.?)+/gs) ?? [];
  const tests = terms.map((term): FieldSelector => {
    const [, field = "", operator = "", value = ""] = TERM.exec(term) ?? [];
    if (operator === "") {
      throw refusal(text, `"${term}" is none of FIELD=VALUE, FIELD==VALUE and FIELD!=VALUE`);
    }
    if (!known.includes(field)) {
      throw refusal(text, `"${field}" cannot be selected by; known are ${known.join(", ")}`);
    }
    const wanted = value.replaceAll(/\\(.)/g, "$1");
    const isWanted = operator !== "!=";
    return (fields) => ((fields[field] ?? "") === wanted) === isWanted;
  });
  return (fields) => tests.every((fits) => fits(fields));
}

function refusal(text: string, problem: string): Error {
  return badRequest(`unable to parse fieldSelector ${JSON.stringify(text)}: ${problem}`);
}
