import { textAt } from "../../../lib/json-at.ts";
import { isRecord } from "../../../lib/record.ts";
import type { Labels } from "../../../wire/labels.ts";
import { hostPort } from "../meta-labels.ts";
import type { AttachMetadata, ClusterObjects } from "./cluster-objects.ts";
import { keyOf } from "./meta.ts";
import { labelsOfContainer, labelsOfPod, labelsOfPort, type Pod } from "./pod.ts";

/** What stands behind an endpoint's address. */
export interface TargetRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export function readTargetRef(value: unknown): TargetRef | undefined {
  if (!isRecord(value)) return undefined;
  return {
    kind: textAt(value, "kind"),
    namespace: textAt(value, "namespace"),
    name: textAt(value, "name"),
  };
}

/** The port of an endpoint; without a protocol the container's own is told. */
interface EndpointPort {
  readonly port: number | undefined;
  readonly protocol?: string;
}

/**
 * The pods behind the endpoints of one object. A pod's container ports that none of the endpoints
 * covers become targets too.
 */
export class EndpointPods {
  readonly #objects: ClusterObjects;
  readonly #attach: AttachMetadata;
  readonly #seen: Map<string, { pod: Pod; covered: Set<number> }> = new Map();

  constructor(objects: ClusterObjects, attach: AttachMetadata) {
    this.#objects = objects;
    this.#attach = attach;
  }

  /** What an endpoint's target says of the pod behind it; nothing if there is none. */
  labelsBehind(reference: TargetRef | undefined, { port, protocol }: EndpointPort): Labels {
    if (reference?.kind !== "Pod") return {};
    const pod = this.#objects.pods.get(`${reference.namespace}/${reference.name}`);
    if (pod === undefined) return {};
    const seen = this.#seen.get(keyOf(pod.meta)) ?? { pod, covered: new Set() };
    this.#seen.set(keyOf(pod.meta), seen);
    if (port !== undefined) seen.covered.add(port);
    return {
      ...labelsOfPod(pod, this.#objects, this.#attach),
      ...labelsOfCoveredPort(pod, { port, ...(protocol === undefined ? {} : { protocol }) }),
    };
  }

  /** Targets for the container ports that have not been covered. */
  uncovered(): Labels[] {
    return [...this.#seen.values()].flatMap(({ pod, covered }) => {
      if (pod.ip === "") return [];
      return pod.containers.flatMap((container) =>
        container.ports
          .filter(({ port }) => !covered.has(port))
          .map((port) => ({
            __address__: hostPort(pod.ip, port.port),
            ...labelsOfContainer(container),
            ...labelsOfPort(port),
            ...labelsOfPod(pod, this.#objects, this.#attach),
          })),
      );
    });
  }
}

// Of several containers with the same port the last one counts, as in Prometheus.
function labelsOfCoveredPort(pod: Pod, { port, protocol }: EndpointPort): Labels {
  let labels: Labels = {};
  for (const container of pod.containers) {
    const found = container.ports.find((candidate) => candidate.port === port);
    if (found === undefined) continue;
    labels = {
      ...labelsOfContainer(container),
      ...labelsOfPort({ ...found, protocol: protocol ?? found.protocol }),
    };
  }
  return labels;
}
