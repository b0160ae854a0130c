import type { ExpositionFormat } from "../../../wire/exposition/encode.ts";

/** What is asked for: OpenMetrics rather than Prometheus's own format, anything rather than nothing. */
export const ACCEPT: string = [
  "application/openmetrics-text;version=1.0.0;q=0.6",
  "application/openmetrics-text;version=0.0.1;q=0.5",
  "text/plain;version=0.0.4;q=0.4",
  "*/*;q=0.1",
].join(",");

/** Types that are never a page of metrics, whatever stands in them. */
const NEVER = /^(?:text\/html|application\/(?:json|x-ndjson|vnd\.google\.protobuf|xml)|image\/.*)$/;

/**
 * How a page is to be read, by its `Content-Type`; undefined if it can't be one. Without a type, and
 * with one that nobody knows, it is taken for Prometheus's text: many a small exporter sends neither
 * and its lines tell soon enough.
 */
export function formatOf(contentType: string | undefined): ExpositionFormat | undefined {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/openmetrics-text") return "openmetrics";
  return NEVER.test(type) ? undefined : "prometheus";
}
