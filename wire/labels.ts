/** Label names with their values; a label that is empty is one that is not there. */
export type Labels = Readonly<Record<string, string>>;
