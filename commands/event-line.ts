import type { Event } from "../wire/events/event.ts";

/** An event as a line for people: when, where, what, to whom, and what else is known. */
export function eventLine({ time, node, type, container, details }: Event): string {
  const facts = Object.entries(details).map(([name, value]) => `${name}=${textOf(value)}`);
  const image = container?.image === undefined ? [] : [`image=${textOf(container.image)}`];
  const known = [...image, ...facts].join(", ");
  const words = [time, node === "" ? "-" : node, type, container?.name ?? "-"].map(printable);
  return `${words.join(" ")}${known === "" ? "" : ` (${printable(known)})`}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a container is called must not steer a terminal. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, "?");
}
