import { choice, duration, flag, list, text } from "../../../lib/config/builders.ts";
import { type OptionsOf, Unfit } from "../../../lib/config/option.ts";
import { parseCoarser, SHORTEST_RETENTION } from "./coarser.ts";
import { type Schema, SCHEMAS } from "./schema.ts";

/** What the operator says about InfluxDB. */
export interface InfluxSettings {
  /** Empty: nothing is written to InfluxDB. */
  readonly "influx.url": string;
  readonly "influx.database": string;
  readonly "influx.username": string | undefined;
  readonly "influx.password": string | undefined;
  readonly "influx.password.file": string | undefined;
  readonly "influx.token.file": string | undefined;
  readonly "influx.policy": string;
  /** Seconds; undefined: what is there stays as it is, and a new database keeps all. */
  readonly "influx.retention": number | undefined;
  readonly "influx.coarser": readonly string[];
  readonly "influx.fields": Schema;
  /** Seconds. */
  readonly "influx.resolution": number;
  readonly "influx.labels": readonly string[];
  readonly "influx.tls.ca.file": string | undefined;
  readonly "influx.tls.insecure": boolean;
}

const group = "InfluxDB";

/** Whether it says where a server is, and nothing secret. */
function isServer(word: string): boolean {
  const url = URL.canParse(word) ? new URL(word) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) return false;
  return [url.username, url.password, url.search, url.hash].every((part) => part === "");
}

function complaintAbout(words: readonly string[]): string | undefined {
  try {
    words.forEach(parseCoarser);
    return undefined;
  } catch (error) {
    if (error instanceof Unfit) return error.message;
    throw error;
  }
}

/** The settings: how each is read and what it is by default. */
export const influxOptions: OptionsOf<InfluxSettings> = {
  "influx.url": text({
    help: "An InfluxDB that everything is written to as Heapster does; nothing: none.",
    placeholder: "URL",
    default: "",
    check: (url) =>
      url === "" || isServer(url)
        ? undefined
        : "must be a URL such as http://influxdb:8086, without user, query or fragment",
    group,
  }),
  "influx.database": text({
    help: "The database; made if it is missing.",
    default: "k8s",
    check: (name) => (name === "" ? "must be a name" : undefined),
    group,
  }),
  "influx.username": text({ help: "Who writes, where InfluxDB wants to know.", group }),
  "influx.password": text({
    help: "The user's password; better in PLIMSOLL_INFLUX_PASSWORD or in a file.",
    secret: true,
    group,
  }),
  "influx.password.file": text({
    help: "A file with the user's password, read again when it changes.",
    placeholder: "FILE",
    group,
  }),
  "influx.token.file": text({
    help: "A file with a token, for InfluxDB 2 and 3, instead of user and password.",
    placeholder: "FILE",
    group,
  }),
  "influx.policy": text({
    help: "The retention policy that is written to; made if it is missing.",
    default: "default",
    check: (name) => (name === "" ? "must be a name" : undefined),
    group,
  }),
  "influx.retention": duration({
    help: "How long InfluxDB keeps points; left out, an existing policy stays as it is and a new one keeps all.",
    min: SHORTEST_RETENTION,
    group,
  }),
  "influx.coarser": list({
    help: "Points further apart that are kept for longer, made by InfluxDB itself: 1m:30d,10m:730d.",
    placeholder: "STEP:RETENTION,…",
    default: [],
    check: complaintAbout,
    group,
  }),
  "influx.fields": choice({
    help: "Heapster's schema: a measurement for each metric (value), one for each subject (fields, its withfields), or both.",
    values: SCHEMAS,
    default: "value",
    group,
  }),
  "influx.resolution": duration({
    help: "How far apart points are; every second counts in them.",
    default: 15,
    min: 5,
    max: 600,
    group,
  }),
  "influx.labels": list({
    help: "The labels of containers that stand in the tag `labels`; each value of it is a series more.",
    placeholder: "LABEL,…",
    default: [],
    group,
  }),
  "influx.tls.ca.file": text({
    help: "Certificates that InfluxDB's own is trusted by; the system's if left out.",
    placeholder: "FILE",
    group,
  }),
  "influx.tls.insecure": flag({
    help: "Speak to an InfluxDB whose certificate nobody has checked.",
    group,
  }),
};
