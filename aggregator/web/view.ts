import { COLUMNS } from "./columns.ts";

/** The column that orders the table, and which way. */
export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

/** The container whose charts are open. */
export interface Selection {
  readonly id: string;
  readonly node?: string;
}

/** All that the reader has chosen; it lives in the URL, so that a link shows the same. */
export interface View {
  readonly search: string;
  readonly sort: Sort;
  /** Plain cgroups too, not only containers. */
  readonly all: boolean;
  readonly selected?: Selection;
}

const DEFAULT_SORT: Sort = { column: "cpu", descending: true };

function parseSort(text: string | null): Sort {
  const descending = text?.startsWith("-") ?? false;
  const column = descending ? text?.slice(1) : text;
  const known = COLUMNS.find(({ key }) => key === column);
  return known === undefined ? DEFAULT_SORT : { column: known.key, descending };
}

/** Reads a view from a URL's query; what it does not understand is as if not there. */
export function parseView(query: string): View {
  const parameters = new URLSearchParams(query);
  const id = parameters.get("id");
  const node = parameters.get("node");
  return {
    search: parameters.get("q") ?? "",
    sort: parseSort(parameters.get("sort")),
    all: parameters.get("all") === "1",
    ...(id === null ? {} : { selected: node === null ? { id } : { id, node } }),
  };
}

/** Writes a view as a URL's query, `?` included; only what differs from the default is in it. */
export function encodeView({ search, sort, all, selected }: View): string {
  const parameters = new URLSearchParams();
  if (search !== "") parameters.set("q", search);
  if (sort.column !== DEFAULT_SORT.column || sort.descending !== DEFAULT_SORT.descending)
    parameters.set("sort", `${sort.descending ? "-" : ""}${sort.column}`);
  if (all) parameters.set("all", "1");
  if (selected !== undefined) parameters.set("id", selected.id);
  if (selected?.node !== undefined) parameters.set("node", selected.node);
  const query = parameters.toString();
  return query === "" ? "" : `?${query}`;
}

/** The order after a click on a header: the other way round, or a new column with its best first. */
export function sortAfterClick(sort: Sort, column: string): Sort {
  if (sort.column === column) return { column, descending: !sort.descending };
  const kind = COLUMNS.find(({ key }) => key === column)?.kind;
  return { column, descending: kind === "stat" };
}
