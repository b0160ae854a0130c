import { countAt, textAt } from "../../../lib/json-at.ts";
import type { EventSubject, NewEvent } from "../../../wire/events/event.ts";

/** A message that is longer tells no more. */
const LONGEST_MESSAGE = 4096;

/** What Kubernetes says of an event, and which one it is. */
export interface KubeEvent {
  /** Of the object that it is kept in; with `count` it tells it from all others. */
  readonly uid: string;
  /** How often it has happened. */
  readonly count: number;
  readonly event: NewEvent;
}

/**
 * Understands an Event, as of `v1` or `events.k8s.io/v1`, which the API server keeps as one; undefined if
 * it says neither what it is nor when it was.
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
export function readKubeEvent(object: unknown): KubeEvent | undefined {
  const time = timeOf(object);
  const reason = textAt(object, "reason");
  const uid = textAt(object, "metadata", "uid") || textAt(object, "metadata", "name");
  if (time === undefined || reason === "" || uid === "") return undefined;
  const count = countOf(object);
  const about = involved(object);
  const container = subjectOf(about);
  const reporter = textAt(object, "source", "component") || textAt(object, "reportingComponent");
  const message = (textAt(object, "message") || textAt(object, "note")).slice(0, LONGEST_MESSAGE);
  const event: NewEvent = {
    time,
    node: textAt(object, "source", "host") || (about.kind === "Node" ? about.name : ""),
    type: "kubernetes_event",
    ...(container === undefined ? {} : { container }),
    details: {
      reason,
      severity: textAt(object, "type") || "Normal",
      message,
      count,
      kind: about.kind,
      object: about.name,
      ...(about.namespace === "" ? {} : { namespace: about.namespace }),
      ...(about.namespace === "" ? {} : { group: `namespace:${about.namespace}` }),
      ...(reporter === "" ? {} : { reporter }),
      mark: `${uid} ${count}`,
    },
  };
  return { uid, count, event };
}

interface Involved {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  /** `spec.containers{web}`, where it is about one of a pod's. */
  readonly fieldPath: string;
}

function involved(object: unknown): Involved {
  const of = (name: string): string =>
    textAt(object, "involvedObject", name) || textAt(object, "regarding", name);
  return {
    kind: of("kind"),
    name: of("name"),
    namespace: of("namespace"),
    fieldPath: of("fieldPath"),
  };
}

/** Only pods have containers. */
function subjectOf({ kind, name, namespace, fieldPath }: Involved): EventSubject | undefined {
  if (kind !== "Pod" || name === "") return undefined;
  const container = /^spec\.\w*[cC]ontainers\{(?<name>[^}]+)\}$/u.exec(fieldPath)?.groups?.["name"];
  return {
    name,
    labels: {},
    groups: { namespace, pod: name, ...(container === undefined ? {} : { container }) },
  };
}

function countOf(object: unknown): number {
  const counts = [["series", "count"], ["count"], ["deprecatedCount"]].map((path) =>
    countAt(object, ...path),
  );
  return counts.find((count) => count !== undefined && count > 0) ?? 1;
}

/** When it happened last. */
function timeOf(object: unknown): string | undefined {
  const times = [
    textAt(object, "series", "lastObservedTime"),
    textAt(object, "lastTimestamp"),
    textAt(object, "deprecatedLastTimestamp"),
    textAt(object, "eventTime"),
    textAt(object, "firstTimestamp"),
    textAt(object, "metadata", "creationTimestamp"),
  ];
  for (const time of times) {
    const milliseconds = Date.parse(time);
    // It may have more digits of a second than ours have.
    if (!Number.isNaN(milliseconds)) return new Date(milliseconds).toISOString();
  }
  return undefined;
}
