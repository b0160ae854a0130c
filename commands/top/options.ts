import { choice, duration, flag, integer, text } from "../../lib/config/builders.ts";
import type { OptionsOf } from "../../lib/config/option.ts";
import { type LoginConfig, loginOptions } from "../../lib/http/login-options.ts";
import { SORT_KEYS, type SortKey } from "./columns.ts";
import { GROUPINGS, type Grouping } from "./grouping.ts";

/** What `plimsoll top` can be told. */
export interface TopConfig extends LoginConfig {
  readonly url: string | undefined;
  readonly once: boolean;
  readonly format: "table" | "json" | "csv";
  readonly sort: SortKey;
  readonly reverse: boolean;
  readonly filter: string;
  readonly limit: number | undefined;
  readonly group: Grouping;
  readonly all: boolean;
  readonly interval: number;
  readonly ascii: boolean;
}

/** Its settings, read and checked. */
export const topOptions: OptionsOf<TopConfig> = {
  url: text({
    placeholder: "URL",
    help: "Which aggregator or agent to ask; the aggregator of this machine if left out, or its agent.",
    check: (url) =>
      /^https?:/.test(url) && URL.canParse(url)
        ? undefined
        : "must be the address of an aggregator or an agent, such as http://127.0.0.1:8182",
  }),
  once: flag({ help: "Write the table once and end, as where the output is no terminal." }),
  format: choice({
    values: ["table", "json", "csv"],
    default: "table",
    help: "How to write it; json and csv are written once.",
  }),
  sort: choice({
    values: SORT_KEYS,
    default: "cpu",
    help: "The column to sort by: what uses most stands first, names stand from A to Z.",
  }),
  reverse: flag({ help: "Turn the order round." }),
  filter: text({
    placeholder: "WORDS",
    default: "",
    help: "Only containers with these letters, in this order, in the name, the node, the image or a group.",
  }),
  limit: integer({ min: 1, max: 100_000, help: "At most so many containers." }),
  group: choice({
    values: GROUPINGS,
    default: "none",
    help: "Show a tree of such groups, each with its sum.",
  }),
  all: flag({ help: "Show the cgroups that no engine owns too." }),
  interval: duration({
    default: 1,
    min: 0.2,
    max: 60,
    help: "How often to ask a server that does not tell by itself what is new, and to draw.",
  }),
  ascii: flag({ help: "Draw with plain letters, for terminals without block characters." }),
  ...loginOptions,
};
