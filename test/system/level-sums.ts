import type { LevelAnswer, LevelRow } from "../../wire/stats/level-row.ts";
import { ask } from "./ask.ts";
import type { Stored } from "./stored.ts";

/** What an aggregator says of one row of a level, second by second. */
export interface LevelSeries {
  readonly level: string;
  readonly name: string;
  /** Cores by Unix second. */
  readonly cores: ReadonlyMap<number, number>;
}

/** The members of a row, by level and name: `node cgroup` each. */
type Members = ReadonlyMap<string, ReadonlySet<string>>;

/** Seconds at the end in which a value may yet stand for one that was not stored when it was asked. */
const UNSURE = 20;

/** What a container used in one second, and how long its samples of it reach. */
interface Cell {
  /** NaN = not measured. */
  readonly cores: number;
  /** Seconds after it, without a sample, for which it stands as well: see docs/levels.md. */
  readonly held: number;
}

/** Asks for the CPU of each service, node and the cluster. Times are Unix milliseconds. */
export async function readLevels(url: string, start: number, end: number): Promise<LevelSeries[]> {
  const found: LevelSeries[] = [];
  for (const level of ["service", "node", "cluster"]) {
    const question = new URLSearchParams({
      level,
      start: String(Math.ceil(start / 1000)),
      end: String(Math.floor(end / 1000)),
      step: "1s",
      stat: "avg",
      metrics: "cpu_cores",
    });
    const answer = JSON.parse(await ask(`${url}/stats?${question.toString()}`)) as LevelAnswer;
    for (const row of answer.rows) found.push({ level, name: row.name, cores: coresOf(row) });
  }
  return found;
}

function coresOf({ series }: LevelRow): Map<number, number> {
  const values = series?.values["cpu_cores"]?.["avg"] ?? [];
  const cores = new Map<number, number>();
  for (const [index, time] of (series?.times ?? []).entries()) {
    const value = values[index];
    if (typeof value === "number") cores.set(time, value);
  }
  return cores;
}

/** Compares each second of each row. */
export function levelDifferences(
  levels: readonly LevelSeries[],
  rows: readonly Stored[],
  members: Members,
): { readonly different: readonly string[]; readonly compared: ReadonlyMap<string, number> } {
  const cells = cellsOf(rows);
  const different: string[] = [];
  const compared = new Map<string, number>();
  for (const { level, name, cores } of levels) {
    const own = members.get(`${level} ${name}`) ?? new Set();
    const parts = [...own].map((member) => cells.get(member) ?? new Map<number, Cell>());
    const last = Math.max(...cores.keys());
    for (const [second, sum] of cores) {
      if (second > last - UNSURE) continue;
      const expected = sumAt(parts, second);
      compared.set(level, (compared.get(level) ?? 0) + 1);
      if (Math.abs(sum - expected) <= 1e-9 * Math.max(expected, 1)) continue;
      different.push(`${level} ${name} at ${second}: ${sum}, its members ${expected}`);
    }
  }
  return { different, compared };
}

/** Each cgroup's cores in each second in which it was sampled, weighted by time. */
function cellsOf(rows: readonly Stored[]): Map<string, Map<number, Cell>> {
  const seconds = new Map<string, Map<number, Stored[]>>();
  for (const row of rows) {
    const member = `${row.node} ${row.cgroup}`;
    const own = seconds.get(member) ?? new Map<number, Stored[]>();
    seconds.set(member, own);
    const second = Math.floor(row.micros / 1e6);
    own.set(second, [...(own.get(second) ?? []), row]);
  }
  const cellsIn = (own: Map<number, Stored[]>): Map<number, Cell> =>
    new Map([...own].map(([second, all]) => [second, cellOf(all)]));
  return new Map([...seconds].map(([member, own]) => [member, cellsIn(own)]));
}

function cellOf(rows: readonly Stored[]): Cell {
  let [sum, weight, longest] = [0, 0, 0];
  for (const { cores, interval } of rows) {
    const length = interval === null || interval === 0 ? 1000 : interval;
    longest = Math.max(longest, length);
    if (cores === null) continue;
    sum += cores * length;
    weight += length;
  }
  return { cores: sum / weight, held: Math.max(1, Math.round(longest / 1000)) };
}

/** What the members come to; NaN if none was measured. */
function sumAt(parts: readonly ReadonlyMap<number, Cell>[], second: number): number {
  let sum = Number.NaN;
  for (const part of parts) {
    const cores = part.get(second)?.cores ?? heldAt(part, second);
    if (Number.isNaN(cores)) continue;
    sum = (Number.isNaN(sum) ? 0 : sum) + cores;
  }
  return sum;
}

/** The value that stands for a second without a sample, if another sample follows. */
function heldAt(part: ReadonlyMap<number, Cell>, second: number): number {
  const before = Math.max(...[...part.keys()].filter((own) => own < second));
  const cell = part.get(before);
  const isFollowed = [...part.keys()].some((own) => own > second);
  return cell !== undefined && isFollowed && second - before <= cell.held ? cell.cores : Number.NaN;
}
