import type { Labels } from "../../wire/labels.ts";

/** Labels from what may be absent or empty; neither becomes a label. */
export function labelsOf(values: Readonly<Record<string, string | undefined>>): Labels {
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") labels[name] = value;
  }
  return labels;
}

/** A text as the end of a label's name: whatever may not stand there becomes `_`, character by character. */
export function labelName(text: string): string {
  return text.replaceAll(/[^a-zA-Z0-9_]/gu, "_");
}

/** Names with texts as labels with a common beginning. */
export function prefixedLabels(prefix: string, texts: Readonly<Record<string, string>>): Labels {
  const entries = Object.entries(texts).map(([name, text]) => [prefix + labelName(name), text]);
  return labelsOf(Object.fromEntries(entries));
}

/** `host:port`, an IPv6 address in brackets. */
export function hostPort(host: string, port: number | string): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
