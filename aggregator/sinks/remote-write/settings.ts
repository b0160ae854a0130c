import { duration, structured, text } from "../../../lib/config/builders.ts";
import type { OptionsOf } from "../../../lib/config/option.ts";
import { isWritableUrl } from "./writable-url.ts";

/** What the operator says about remote write. */
export interface RemoteWriteSettings {
  /** As it stands in the file. */
  readonly global: unknown;
  /** As it stands in the file. */
  readonly remote_write: unknown;
  /** Short for an entry of `remote_write` with nothing but this. */
  readonly "remote.write.url": string | undefined;
  /** Seconds. */
  readonly "remote.write.resolution": number;
}

/** The longest step at which no query finds a gap: PromQL looks back for five minutes. Seconds. */
const LONGEST_RESOLUTION = 300;

/** The settings: how each is read and what it is by default. `global` is the jobs'. */
export const remoteWriteOptions: OptionsOf<Omit<RemoteWriteSettings, "global">> = {
  remote_write: structured<unknown>({
    help: "The stores that everything is written on to, in Prometheus's words.",
    default: undefined,
    // Read together with `global`, once the program that needs it is loaded.
    parse: (raw) => raw,
    secret: true,
    group: "Remote write",
  }),
  "remote.write.url": text({
    help: "A store that everything is written on to by Prometheus remote write.",
    placeholder: "URL",
    // A tenant's token may stand in it.
    secret: true,
    check: (url) =>
      isWritableUrl(url)
        ? undefined
        : "must be a URL such as http://store:9090/api/v1/write, without user and password",
    group: "Remote write",
  }),
  "remote.write.resolution": duration({
    help: "How far apart the points of containers are that are written; every second counts in them.",
    default: 15,
    min: 1,
    max: LONGEST_RESOLUTION,
    group: "Remote write",
  }),
};
