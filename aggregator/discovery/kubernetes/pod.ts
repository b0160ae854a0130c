import { countAt, listAt, textAt } from "../../../lib/json-at.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { hostPort, labelsOf } from "../meta-labels.ts";
import {
  type AttachMetadata,
  attachedNamespace,
  attachedNode,
  type ClusterObjects,
} from "./cluster-objects.ts";
import { keyOf, META, metaLabels, type ObjectMeta, readMeta } from "./meta.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export interface Pod {
  readonly meta: ObjectMeta;
  /** Empty while it starts and once it has been evicted. */
  readonly ip: string;
  readonly hostIp: string;
  readonly nodeName: string;
  readonly phase: string;
  /** `true`, `false` or `unknown`. */
  readonly ready: string;
  /** The plain ones first, then the init containers. */
  readonly containers: readonly PodContainer[];
}

/** A container of a pod. */
export interface PodContainer {
  readonly name: string;
  readonly image: string;
  /** `containerd://…`; empty as long as there is none. */
  readonly id: string;
  readonly init: boolean;
  readonly ports: readonly ContainerPort[];
}

/** A port that a container declares. */
export interface ContainerPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

export function readPod(object: unknown): Pod {
  const ready = listAt(object, "status", "conditions").find(
    (condition) => textAt(condition, "type") === "Ready",
  );
  return {
    meta: readMeta(object),
    ip: textAt(object, "status", "podIP"),
    hostIp: textAt(object, "status", "hostIP"),
    nodeName: textAt(object, "spec", "nodeName"),
    phase: textAt(object, "status", "phase"),
    ready: ready === undefined ? "unknown" : textAt(ready, "status").toLowerCase(),
    containers: [
      ...readContainers(object, "containers", "containerStatuses", false),
      ...readContainers(object, "initContainers", "initContainerStatuses", true),
    ],
  };
}

function readContainers(
  object: unknown,
  field: string,
  statusField: string,
  init: boolean,
): PodContainer[] {
  const statuses = listAt(object, "status", statusField);
  return listAt(object, "spec", field).map((container) => {
    const name = textAt(container, "name");
    const status = statuses.find((candidate) => textAt(candidate, "name") === name);
    return {
      name,
      image: textAt(container, "image"),
      id: textAt(status, "containerID"),
      init,
      ports: listAt(container, "ports").map((port) => ({
        name: textAt(port, "name"),
        port: countAt(port, "containerPort") ?? 0,
        protocol: textAt(port, "protocol"),
      })),
    };
  });
}

/** A target for each container and port, and one for a container without ports. */
export function groupsOfPods(objects: ClusterObjects, attach: AttachMetadata): TargetGroup[] {
  return [...objects.pods.values()].flatMap((pod) => {
    if (pod.ip === "") return [];
    // A node that is not known is one that the selectors of nodes have left out.
    if (attach.node && !objects.nodes.has(pod.nodeName)) return [];
    const labels = {
      ...labelsOfPod(pod, objects, attach),
      ...labelsOf({ [`${META}namespace`]: pod.meta.namespace }),
      ...attachedNode(objects, attach, pod.nodeName),
      ...attachedNamespace(objects, attach, pod.meta.namespace),
    };
    const targets = pod.containers.flatMap((container) => targetsOf(pod, container));
    return [{ source: `pod/${keyOf(pod.meta)}`, labels, targets }];
  });
}

function targetsOf(pod: Pod, container: PodContainer): Labels[] {
  const own = labelsOf({ [`${META}pod_container_id`]: container.id });
  if (container.ports.length === 0) {
    return [{ __address__: pod.ip, ...labelsOfContainer(container), ...own }];
  }
  return container.ports.map((port) => ({
    __address__: hostPort(pod.ip, port.port),
    ...labelsOfContainer(container),
    ...labelsOfPort(port),
    ...own,
  }));
}

/** What the target of any role says of a container, but for its id. */
export function labelsOfContainer({ name, image, init }: PodContainer): Labels {
  return labelsOf({
    [`${META}pod_container_name`]: name,
    [`${META}pod_container_image`]: image,
    [`${META}pod_container_init`]: String(init),
  });
}

/** What the target of any role says of a container's port. */
export function labelsOfPort({ name, port, protocol }: ContainerPort): Labels {
  return labelsOf({
    [`${META}pod_container_port_name`]: name,
    [`${META}pod_container_port_number`]: String(port),
    [`${META}pod_container_port_protocol`]: protocol,
  });
}

/** What the target of any role says of its pod. */
export function labelsOfPod(pod: Pod, objects: ClusterObjects, attach: AttachMetadata): Labels {
  const { controller } = pod.meta;
  return {
    ...labelsOf({
      [`${META}pod_ip`]: pod.ip,
      [`${META}pod_ready`]: pod.ready,
      [`${META}pod_phase`]: pod.phase,
      [`${META}pod_node_name`]: pod.nodeName,
      [`${META}pod_host_ip`]: pod.hostIp,
      [`${META}pod_uid`]: pod.meta.uid,
      [`${META}pod_controller_kind`]: controller?.kind,
      [`${META}pod_controller_name`]: controller?.name,
    }),
    ...metaLabels(pod.meta, "pod"),
    ...labelsOfOwners(pod, objects, attach),
  };
}

/** A pod's controller is seldom what its user knows: a ReplicaSet's deployment, a job's cron job. */
function labelsOfOwners(pod: Pod, objects: ClusterObjects, attach: AttachMetadata): Labels {
  const { controller, namespace } = pod.meta;
  if (controller === undefined) return {};
  const key = `${namespace}/${controller.name}`;
  if (controller.kind === "ReplicaSet" && attach.deployment) {
    const owner = objects.replicasets.get(key)?.meta.controller;
    if (owner?.kind !== "Deployment") return {};
    return labelsOf({ [`${META}pod_deployment_name`]: owner.name });
  }
  if (controller.kind !== "Job") return {};
  const owner = attach.cronjob ? objects.jobs.get(key)?.meta.controller : undefined;
  return labelsOf({
    [`${META}pod_job_name`]: attach.job ? controller.name : undefined,
    [`${META}pod_cronjob_name`]: owner?.kind === "CronJob" ? owner.name : undefined,
  });
}
