import type { Container } from "../../../wire/container.ts";
import { encodeLabels, sanitizeLabelName } from "../../../wire/exposition/encode.ts";

/** Labels of a series by name. */
export type Labels = ReadonlyMap<string, string>;

function addTo(
  labels: Map<string, string>,
  nameOf: (key: string) => string,
  values: Readonly<Record<string, string>>,
  isWanted: (key: string) => boolean,
): void {
  // Of two wanted keys that become one name the first in the alphabet wins, always.
  for (const key of Object.keys(values).toSorted()) {
    if (!isWanted(key)) continue;
    const name = sanitizeLabelName(nameOf(key));
    if (!labels.has(name)) labels.set(name, values[key] ?? "");
  }
}

/**
 * The labels of a container whose keys are wanted, as `container_label_*`, how often it was restarted
 * as cAdvisor's label `restartcount`, and as `container_env_*` all variables that the agent keeps.
 */
export function namedLabels(
  { labels, restarts = 0, env = {} }: Container,
  isWanted: (key: string) => boolean,
): Labels {
  const named = new Map<string, string>();
  const counted = restarts > 0 ? { ...labels, restartcount: String(restarts) } : labels;
  addTo(named, (key) => `container_label_${key}`, counted, isWanted);
  addTo(
    named,
    (key) => `container_env_${key.toLowerCase()}`,
    env,
    () => true,
  );
  return named;
}

/** A value of at most so many characters, none of them cut in two. */
function cut(value: string, longest: number): string {
  if (value.length <= longest) return value;
  const isSplit = /[\uD800-\uDBFF]/.test(value.charAt(longest - 1));
  return value.slice(0, isSplit ? longest - 1 : longest);
}

/**
 * Labels as they stand between the braces. Nobody's labels may fill the page: a longer value is cut,
 * and labels that go beyond `room` characters in all are left out.
 */
export function joinLabels(labels: Labels, longest: number, room: number): string {
  const texts: string[] = [];
  let rest = room;
  for (const [name, value] of labels) {
    const text = encodeLabels({ [name]: cut(value, longest) });
    if (text.length > rest) continue;
    rest -= text.length + 1;
    texts.push(text);
  }
  return texts.join(",");
}
