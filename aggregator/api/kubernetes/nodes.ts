import type { NodeState } from "../../model/cluster.ts";
import type { ClusterView } from "../route.ts";
import { uniqueNames } from "./names.ts";

/** A node, and what it is called here. */
export interface NamedNode {
  readonly name: string;
  readonly state: NodeState;
  /** Whether it still answers: what a silent one has last said is not told as if it were now. */
  readonly isHeard: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** A node has missed an answer or two. Milliseconds, and answers. */
const SILENT_MS = 60_000;
const SILENT_ANSWERS = 3;

/** Every node, by name. */
export function nodesOf({ cluster, clock }: ClusterView): NamedNode[] {
  const now = clock.now();
  const states = [...cluster.nodes(now)];
  const names = uniqueNames(states.map(({ node }) => ({ scope: "", name: node, identity: node })));
  return states
    .map((state, index) => {
      const name = names[index] ?? state.node;
      const patience = Math.max(SILENT_MS, SILENT_ANSWERS * state.cadence);
      const isHeard = now - state.heard <= patience;
      return { name, state, isHeard, labels: labelsOf(name) };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

/** The only label that every node of Kubernetes has and that is known here. */
function labelsOf(name: string): Readonly<Record<string, string>> {
  return name.length <= 63 ? { "kubernetes.io/hostname": name } : {};
}
