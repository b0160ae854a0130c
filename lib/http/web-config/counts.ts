import type { Registry } from "prom-client";

import { observedCounter, observedGauge } from "../../observed-metrics.ts";

/** Why requests were refused. */
type Reason = "anonymous" | "credentials" | "certificate" | "limited" | "rate";

/** What a program counts of its web-config file. */
export interface WebCounts {
  readonly refused: Record<Reason, number>;
  readonly reloads: { success: number; failure: number };
  /** Whether what stands in the file now is in force. */
  isCurrent: boolean;
}

/** Nothing has happened yet. */
export function newWebCounts(): WebCounts {
  return {
    refused: { anonymous: 0, credentials: 0, certificate: 0, limited: 0, rate: 0 },
    reloads: { success: 0, failure: 0 },
    isCurrent: true,
  };
}

/** Adds what was counted to a program's metrics of itself. */
export function addWebCounts(registry: Registry, counts: WebCounts): void {
  observedCounter(registry, {
    name: "plimsoll_http_refused_requests_total",
    help: "Requests that the web-config file does not allow, by reason.",
    labels: ["reason"],
    read(tell) {
      for (const [reason, count] of Object.entries(counts.refused)) tell(count, { reason });
    },
  });
  observedCounter(registry, {
    name: "plimsoll_web_config_reloads_total",
    help: "How often the web-config file, or a file that it names, has changed, by result.",
    labels: ["result"],
    read(tell) {
      for (const [result, count] of Object.entries(counts.reloads)) tell(count, { result });
    },
  });
  observedGauge(registry, {
    name: "plimsoll_web_config_last_reload_successful",
    help: "Whether the web-config file as it stands now is in force.",
    read: (tell) => tell(Number(counts.isCurrent)),
  });
}
