import { type Line, piece } from "./line.ts";

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["up, down, j, k", "select; page up, page down, home and end too"],
  ["enter", "look at a container by itself; fold or unfold a group"],
  ["escape", "go back; give up the filter"],
  ["/", "filter: letters of the name in their order, or of the node, image, state or a group"],
  ["s, > and <", "sort by the next column, by the one before"],
  ["r", "turn the order round"],
  ["g", "tree by compose project, service, stack, namespace, pod, group, node, engine"],
  ["left, right", "fold, unfold"],
  ["e", "events"],
  ["a", "cgroups that no engine owns too"],
  ["space", "hold what is shown, go on"],
  ["ctrl-l", "draw everything anew"],
  ["q", "quit"],
];

const WORDS: readonly (readonly [word: string, what: string])[] = [
  ["CPU", "cores in use, and %LIM as a part of the limit"],
  ["MEM", "memory less the inactive page cache, and MEM% as a part of the limit"],
  ["THR%", "part of the CPU quota's periods in which it ran out; THROTTLED from 10%"],
  [
    "PSI%",
    "part of the time in which some task waited for CPU, memory or disk; PRESSURED from 20%",
  ],
  ["OOM", "processes killed for the lack of memory; as an alert for ten minutes"],
];

function explained([word, what]: readonly [string, string]): Line {
  return [piece(`  ${word.padEnd(16)}`, "accent"), piece(what)];
}

/** What the keys do and the words mean. */
export function helpLines(): Line[] {
  return [
    [piece("Keys", "bold")],
    ...KEYS.map(explained),
    [],
    [piece("Columns", "bold")],
    ...WORDS.map(explained),
    [],
    [piece("Any key closes this.", "dim")],
  ];
}
