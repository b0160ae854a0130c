import { choice, text } from "../lib/config/builders.ts";
import type { OptionsOf } from "../lib/config/option.ts";
import { type LoginConfig, loginOptions } from "../lib/http/login-options.ts";
import { type AgentConfig, agentOptions } from "./config.ts";

/** What `plimsoll doctor` can be told besides what the agent is told. */
interface OwnValues {
  readonly format: "text" | "json";
  readonly url: string | undefined;
  readonly metric: string | undefined;
}

/** Its settings, read and checked. */
export type DoctorConfig = AgentConfig & LoginConfig & OwnValues;

const group = "Doctor";

/** Its settings: its own, and those of the agent that it speaks for. */
export const doctorOptions: OptionsOf<DoctorConfig> = {
  ...agentOptions,
  ...loginOptions,
  format: choice({
    values: ["text", "json"],
    default: "text",
    help: "How to write what was found: for people, or all of it as JSON.",
    group,
  }),
  url: text({
    placeholder: "URL",
    help: "Asks an agent that runs, such as http://127.0.0.1:8180, instead of looking for itself.",
    group,
    check: (url) =>
      /^https?:/.test(url) && URL.canParse(url)
        ? undefined
        : "must be an agent's address such as http://127.0.0.1:8180",
  }),
  metric: text({
    placeholder: "NAME",
    help: "Tells only of this statistic (memory_swap_bytes), family (container_memory_swap) or group (memory) why it is missing.",
    group,
  }),
};
