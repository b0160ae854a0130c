import { messageOf } from "../../lib/errors.ts";
import { Slice } from "../../lib/slice.ts";
import { allChecks } from "./checks/all.ts";
import { type Explanation, explainAbsence, subjectsOf } from "./explain.ts";
import { type Check, type Finding, told } from "./finding.ts";
import { everyName, findNamed, type Named } from "./names.ts";
import type { Scene } from "./scene.ts";

/** A check that takes longer is left behind; those that wait for others have a limit of their own. */
const LIMIT_MS = 4000;

/** What a host lets us see, and why a number is missing. */
export interface Diagnosis {
  readonly node: string;
  /** RFC 3339. */
  readonly time: string;
  /** Whether all that is needed is there. */
  readonly is_fit: boolean;
  readonly findings: readonly Finding[];
  /** What is not measured of all containers, or what was asked for. */
  readonly metrics: readonly Explanation[];
}

/** One check; if it fails or hangs that is its finding, and the others go on. */
async function findingsOf(check: Check, scene: Scene): Promise<readonly Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("it took too long")), LIMIT_MS);
  });
  try {
    return await Promise.race([check.find(scene), late]);
  } catch (error) {
    return [told(check.subject, "note", `it could not be checked: ${messageOf(error)}`)];
  } finally {
    clearTimeout(timer);
  }
}

/** Runs every check, a few at a time: samples must not wait. */
export async function runChecks(
  scene: Scene,
  checks: readonly Check[] = allChecks,
): Promise<readonly Finding[]> {
  const slice = new Slice();
  const running: Promise<readonly Finding[]>[] = [];
  for (const check of checks) {
    // One after the other on purpose; those that wait for others wait side by side.
    // oxlint-disable-next-line no-await-in-loop
    if (slice.isOver()) await slice.next();
    running.push(findingsOf(check, scene));
  }
  return (await Promise.all(running)).flat();
}

async function explained(scene: Scene, names: readonly Named[]): Promise<Explanation[]> {
  const slice = new Slice();
  const subjects = subjectsOf(scene);
  const all: Explanation[] = [];
  for (const named of names) {
    // oxlint-disable-next-line no-await-in-loop
    if (slice.isOver()) await slice.next();
    all.push(explainAbsence(named, scene, subjects));
  }
  return all;
}

/** What is told of one name: the thing itself, and of a group each of its families too. */
export async function explainName(scene: Scene, name: string): Promise<Explanation[] | undefined> {
  const named = findNamed(name);
  if (named === undefined) return undefined;
  if (named.kind !== "group") return explained(scene, [named]);
  const members = everyName.filter(({ parts }) =>
    parts.some((part) => named.parts.some(({ collector }) => collector === part.collector)),
  );
  return explained(scene, [named, ...members]);
}

/** What is not measured of all containers. */
export async function explainAll(scene: Scene): Promise<Explanation[]> {
  const all = await explained(scene, everyName);
  return all.filter(({ status }) => status !== "measured");
}

/** Looks at everything. */
export async function diagnose(scene: Scene): Promise<Diagnosis> {
  const findings = await runChecks(scene);
  return {
    node: scene.node,
    time: new Date(scene.clock.now()).toISOString(),
    is_fit: findings.every(({ status }) => status !== "bad"),
    findings,
    metrics: await explainAll(scene),
  };
}
