import { readJson } from "../../lib/http/client.ts";
import { inFolder, parsePeer } from "../../lib/http/peer-config.ts";
import { openPeer, type Peer } from "../../lib/http/peer.ts";
import { printableUrl } from "../../lib/printable-url.ts";
import type { DiscoveryKind, TargetGroup } from "./discovery.ts";
import { createRefreshing } from "./refresh.ts";
import { parseTargetGroups } from "./target-groups.ts";

const MINUTE = 60_000;
const TIMEOUT = 30_000;

/** Some hundred thousand targets. */
const MOST_BYTES = 50_000_000;

/**
 * `http_sd_configs`: a service gives the list as JSON.
 * https://prometheus.io/docs/prometheus/latest/http_sd/
 */
export const httpSdConfigs: DiscoveryKind = {
  key: "http_sd_configs",
  parse(entry) {
    const text = entry.needed("url");
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
      throw entry.fault("url", "must be a URL that begins with http:// or https://");
    }
    const interval = entry.duration("refresh_interval", MINUTE);
    if (interval === 0) throw entry.fault("refresh_interval", "must be longer than 0");
    const settings = parsePeer(entry);
    entry.end();
    const name = text.replace(/(?<=:\/\/)[^/?#]*@/u, "");
    return (context) => {
      const peer = openPeer(inFolder(settings, context.folder));
      const place = {
        kind: "http",
        where: printableUrl(text),
        interval,
        timeout: TIMEOUT,
        read: (signal: AbortSignal) => ask(peer, { url, name, interval }, signal),
      };
      const discovery = createRefreshing(place, context);
      return {
        ...discovery,
        async close() {
          await discovery.close();
          peer.close();
        },
      };
    };
  },
};

interface Service {
  readonly url: URL;
  /** Without user and password; the query is a part of what relabelling may look at. */
  readonly name: string;
  /** Milliseconds. */
  readonly interval: number;
}

async function ask(
  peer: Peer,
  { url, name, interval }: Service,
  signal: AbortSignal,
): Promise<TargetGroup[]> {
  const response = await peer.request(url, {
    timeoutMs: TIMEOUT,
    maxBytes: MOST_BYTES,
    signal,
    headers: {
      accept: "application/json",
      "x-prometheus-refresh-interval-seconds": String(interval / 1000),
    },
  });
  const type = (response.headers["content-type"] ?? "nothing").slice(0, 100);
  const isJson = /^application\/json\s*(?:;|$)/iu.test(type.trim());
  if (response.status === 200 && isJson) {
    return parseTargetGroups(await readJson(response), name, { __meta_url: name });
  }
  // To leave the body is what gives the connection free.
  for await (const _ of response.body) break;
  if (response.status !== 200) throw new Error(`answers with status ${response.status}`);
  throw new Error(`answers ${type}, and not application/json`);
}
