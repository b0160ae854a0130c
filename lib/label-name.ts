const labelName = /^[a-z_]\w*$/iu;

/** Whether a label may be called so; letters of ASCII, digits and `_`, as in the text format. */
export function isLabelName(text: string): boolean {
  return labelName.test(text);
}
