import { choice, list, text } from "../lib/config/builders.ts";
import type { OptionsOf } from "../lib/config/option.ts";
import { type LoginConfig, loginOptions } from "../lib/http/login-options.ts";

/** What `plimsoll events` can be told of what to tell. */
export interface QuestionConfig {
  readonly url: string | undefined;
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly filter: readonly string[];
  readonly format: "text" | "json";
}

/** What `plimsoll events` can be told. */
export type EventsConfig = QuestionConfig & LoginConfig;

/** Its settings, read and checked. */
export const eventsOptions: OptionsOf<EventsConfig> = {
  url: text({
    placeholder: "URL",
    help: "Which aggregator or agent to ask; the aggregator of this machine if left out, or its agent.",
    check: (url) =>
      /^https?:/.test(url) && URL.canParse(url)
        ? undefined
        : "must be the address of an aggregator or an agent, such as http://127.0.0.1:8182",
  }),
  since: text({
    placeholder: "TIME",
    help: "Begins at this time instead of now: RFC 3339, Unix seconds, or 10m for ten minutes ago.",
  }),
  until: text({
    placeholder: "TIME",
    help: "Ends at this time instead of never.",
  }),
  filter: list({
    placeholder: "KEY=VALUE",
    help: "Only such events; several of one key are alternatives. Keys: type, container, name, image, label, runtime, group, node.",
    default: [],
    // A label may have a comma in it.
    separator: "\n",
  }),
  format: choice({
    values: ["text", "json"],
    default: "text",
    help: "How to write each event: as a line for people, or as a line of JSON.",
  }),
  ...loginOptions,
};
