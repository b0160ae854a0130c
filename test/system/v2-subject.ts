import { seriesValue } from "./ask.ts";
import type { Texts } from "./memory-numbers.ts";

/** What the virtual machine told of one part of its run. */
export interface Subject {
  readonly name: string;
  readonly cgroup: string;
  /** The kernel's files, which said the same before and after the agent's samples. */
  readonly texts: Texts;
  /** What the agent's page says of the cgroup. */
  readonly page: string;
  /** What it says of the machine. */
  readonly machine: string;
}

/** Gives what was told under a name, as its part knows it; throws if nothing was. */
export type TellOf = (name: string) => unknown;

/** What was told under a name of a cgroup. */
export function subjectOf(tellOf: TellOf, name: string): Subject {
  return tellOf(name) as Subject;
}

/** The value of a family that has one series of the cgroup, or of the one with all these labels. */
export function valueOf(
  { page, cgroup }: Subject,
  family: string,
  ...labels: readonly string[]
): number | undefined {
  return seriesValue(page, family, [`id="${cgroup}"`, ...labels]);
}

/** A number of a file: behind its key, or of the whole file. NaN = not there. */
export function numberIn({ texts }: Subject, file: string, key = ""): number {
  const text = texts[file] ?? "";
  const found = key === "" ? /^(\d+)\n$/.exec(text) : new RegExp(`^${key} (\\d+)$`, "m").exec(text);
  return Number(found?.[1] ?? NaN);
}

/** All that a family says of the cgroup by one of its labels; series that say 0 are left out. */
export function valuesBy(
  { page, cgroup }: Subject,
  family: string,
  label: string,
): Record<string, number> {
  const lines = page.split("\n").filter((line) => line.startsWith(`${family}{id="${cgroup}"`));
  const cells = lines.map((line) => {
    const name = new RegExp(`${label}="([^"]*)"`).exec(line)?.[1] ?? "";
    return [name, Number(line.slice(line.lastIndexOf(" ") + 1))] as const;
  });
  return Object.fromEntries(cells.filter(([, value]) => value !== 0));
}
