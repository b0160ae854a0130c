import type { Event } from "../../../wire/events/event.ts";
import { nanosecondsText, tagsText, textField } from "./line.ts";
import type { Schema } from "./schema.ts";

/** Whom an event is about, in the words of a Kubernetes event. */
interface About {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** Types that somebody should look at. */
const WARNINGS: ReadonlySet<string> = new Set([
  "oom_kill",
  "throttling_began",
  "pressure_began",
  "node_down",
  "agent_stale",
]);

const MILLION = 1_000_000;

/**
 * An event as Heapster's eventer writes it, each line with its end. Its `uid` is a field here, since as
 * a tag it would make a series of each event; the nanoseconds tell apart what has happened in the
 * same millisecond.
 */
export function eventLines(event: Event, clusterName: string, schema: Schema): string[] {
  const time = Date.parse(event.time);
  if (!Number.isFinite(time)) return [];
  const stamp = nanosecondsText(time, countOf(event.id) % MILLION);
  const lines: string[] = [];
  if (schema !== "fields") lines.push(valueLine(event, clusterName, stamp));
  if (schema !== "value") lines.push(fieldsLine(event, clusterName, stamp));
  return lines;
}

/** The number at the end of an id, which the next event's is one more than. */
function countOf(id: string): number {
  const count = Number.parseInt(id.slice(id.lastIndexOf("-") + 1), 36);
  return Number.isSafeInteger(count) ? count : 0;
}

function valueLine(event: Event, clusterName: string, stamp: string): string {
  const { container, id } = event;
  const { pod } = container?.groups ?? {};
  const podId = container?.labels["io.kubernetes.pod.uid"];
  const tags = {
    cluster_name: clusterName,
    hostname: event.node,
    ...(pod === undefined ? {} : { pod_name: pod }),
    ...(podId === undefined ? {} : { pod_id: podId }),
  };
  const text = JSON.stringify(asKubernetes(event), undefined, 1);
  return `log/events${tagsText(tags)} value=${textField(text)},uid=${textField(id)} ${stamp}\n`;
}

function fieldsLine(event: Event, clusterName: string, stamp: string): string {
  const { kind, name, namespace } = aboutOf(event);
  const tags = {
    cluster_name: clusterName,
    hostname: event.node,
    kind,
    object_name: name,
    namespace_name: namespace,
    type: severityOf(event),
    reason: reasonOf(event),
    component: componentOf(event),
  };
  const message = textField(messageOf(event));
  return `events${tagsText(tags)} message=${message},uid=${textField(event.id)} ${stamp}\n`;
}

/** The members of a Kubernetes event that readers of Heapster's events know, and ours. */
function asKubernetes(event: Event): object {
  const { kind, name, namespace } = aboutOf(event);
  const { moments: _, ...own } = event;
  return {
    metadata: { name: event.id, namespace, uid: event.id },
    involvedObject: { kind, name, namespace },
    reason: reasonOf(event),
    message: messageOf(event),
    source: { component: componentOf(event), host: event.node },
    firstTimestamp: event.time,
    lastTimestamp: event.time,
    count: event.details.count ?? 1,
    type: severityOf(event),
    plimsoll: own,
  };
}

function aboutOf({ node, container, details }: Event): About {
  if (details.kind !== undefined) {
    return { kind: details.kind, name: details.object ?? "", namespace: details.namespace ?? "" };
  }
  if (container !== undefined) {
    const { pod, namespace = "" } = container.groups;
    if (pod !== undefined) return { kind: "Pod", name: pod, namespace };
    return { kind: "Container", name: container.name, namespace };
  }
  const [kind, name] = (details.group ?? "").split(/:(.*)/u);
  if (kind !== undefined && kind !== "" && name !== undefined) {
    return { kind: kind.charAt(0).toUpperCase() + kind.slice(1), name, namespace: "" };
  }
  return { kind: "Node", name: node, namespace: "" };
}

function severityOf({ type, details }: Event): string {
  if (details.severity !== undefined) return details.severity;
  const hasFailed = type === "died" && ["crash", "oom"].includes(details.exit_class ?? "");
  return hasFailed || WARNINGS.has(type) ? "Warning" : "Normal";
}

/** An orchestrator's own word where it has one; ours otherwise. */
function reasonOf({ type, details }: Event): string {
  return type === "kubernetes_event" ? (details.reason ?? type) : type;
}

function componentOf({ details }: Event): string {
  return details.reporter ?? "plimsoll";
}

/** What has happened in a few words, with everything that is known of it. */
function messageOf({ type, container, details }: Event): string {
  if (details.message !== undefined) return details.message;
  const facts = Object.entries(details).map(
    ([name, value]) =>
      `${name}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  const who = container === undefined ? [] : [container.name];
  return [...who, type.replaceAll("_", " "), ...facts].join(" ");
}
