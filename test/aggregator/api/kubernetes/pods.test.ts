import { expect, test } from "vitest";

import { podsOf } from "../../../../aggregator/api/kubernetes/pods.ts";
import type { RecentSubject } from "../../../../aggregator/model/cluster.ts";
import type { Container } from "../../../../wire/container.ts";
import { groupsOf } from "../../../../wire/groups.ts";
import { allMetrics } from "../../../../wire/metrics/all.ts";
import { Ring } from "../../../../wire/ring.ts";
import { containerOf } from "../../fakes/samples.ts";

const ring = new Ring(1, allMetrics.length);

interface Made extends Partial<Container> {
  readonly isRunning?: boolean;
  readonly pod?: string;
}

/** A container of an engine, in the groups of its labels. */
function running(node: string, name: string, made: Made = {}): RecentSubject {
  const { isRunning = true, pod, ...more } = made;
  const groups = groupsOf(more.labels ?? {}, pod);
  const container = containerOf(`/docker/${name}`, { name, runtime: "docker", groups, ...more });
  return { node, container, ring, isRunning };
}

function kubernetes(pod: string, container?: string): Record<string, string> {
  return {
    "io.kubernetes.pod.namespace": "default",
    "io.kubernetes.pod.name": pod,
    ...(container === undefined ? {} : { "io.kubernetes.container.name": container }),
  };
}

/** `NODE NAMESPACE/POD: CONTAINERS`. */
function told(...subjects: RecentSubject[]): string[] {
  return podsOf(subjects).map(
    ({ node, namespace, name, containers }) =>
      `${node} ${namespace}/${name}: ${containers.map((one) => one.name).join(",")}`,
  );
}

test("a container by itself is a pod, in the namespace of its project or stack", () => {
  const compose = { "com.docker.compose.project": "My_Shop", "com.docker.compose.service": "web" };
  const swarm = {
    "com.docker.stack.namespace": "pay",
    "com.docker.swarm.service.name": "pay_api",
    "com.docker.swarm.task.name": "pay_api.1.abc",
  };
  expect(
    told(
      running("n1", "my_shop-web-1", { labels: compose }),
      running("n1", "pay_api.1.abc", { labels: swarm }),
      running("n1", "lonely"),
      running("n1", "gone", { isRunning: false }),
      { node: "n1", container: containerOf("/system.slice"), ring, isRunning: true },
    ),
  ).toEqual([
    "n1 default/lonely: lonely",
    "n1 my-shop/my-shop-web-1: web",
    "n1 pay/pay-api.1.abc: pay-api",
  ]);
});

test("the same name on two nodes is two pods; what runs inside of a container is none", () => {
  expect(
    told(
      running("n1", "web"),
      running("n2", "web"),
      running("n2", "web/inner", { id: "/docker/web/x" }),
    ),
  ).toEqual(["n1 default/web.n1: web", "n2 default/web.n2: web"]);
});

test("a pod of Podman has its containers, on its node", () => {
  expect(
    told(
      running("n1", "front", { pod: "duo" }),
      running("n1", "back", { pod: "duo" }),
      running("n2", "back", { pod: "duo" }),
    ),
  ).toEqual(["n1 default/duo.n1: back,front", "n2 default/duo.n2: back"]);
});

test("a pod of Kubernetes keeps its name, and its sandbox is no container but has its labels", () => {
  const pods = podsOf([
    running("n1", "api", { id: "/other" }),
    running("n1", "a", { labels: { ...kubernetes("api", "app"), own: "1" } }),
    running("n1", "b", { labels: { ...kubernetes("api", "log"), own: "2" } }),
    running("n1", "s", {
      labels: { ...kubernetes("api"), app: "api", "io.kubernetes.cri.container-type": "sandbox" },
    }),
  ]);
  expect(pods.map(({ name, containers }) => [name, containers.map((one) => one.name)])).toEqual([
    ["api", ["app", "log"]],
    ["api.n1", ["api"]],
  ]);
  expect(pods[0]!.labels).toMatchObject({ app: "api", "io.kubernetes.pod.name": "api" });
  expect(pods[0]!.labels).not.toHaveProperty("own");
});

test("a sandbox alone is no pod", () => {
  const labels = { ...kubernetes("new"), "io.kubernetes.cri.container-type": "sandbox" };
  expect(told(running("n1", "s", { labels }))).toEqual([]);
});

test("of a pod that has moved, and a container that was made anew, the newest counts", () => {
  const labels = kubernetes("db-0", "db");
  const at = (second: number): string => `2026-01-01T00:00:0${second}Z`;
  const pods = podsOf([
    running("n1", "old", { labels, started_at: at(1) }),
    running("n2", "first", { labels, started_at: at(2) }),
    running("n2", "second", { labels, started_at: at(3) }),
  ]);
  expect(pods).toHaveLength(1);
  expect(pods[0]).toMatchObject({ node: "n2", name: "db-0" });
  expect(pods[0]!.containers.map(({ subject }) => subject.container.name)).toEqual(["second"]);
});

test("labels that Kubernetes would not take are not there", () => {
  const labels = { ok: "yes", "no good": "x", path: "/srv/shop", "": "" };
  expect(podsOf([running("n1", "web", { labels })])[0]!.labels).toEqual({ ok: "yes" });
});
