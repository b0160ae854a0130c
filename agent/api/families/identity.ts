import type { Tracked } from "../../window/tracked.ts";
import type { ContainerFamily } from "./family.ts";
import type { SeriesLabels } from "./series-labels.ts";

/** Unix seconds of an RFC 3339 time; NaN without one. */
function secondsOf(time: string | undefined): number {
  return Date.parse(time ?? "") / 1000;
}

/** Of a container its engine knows best; of a plain cgroup its files. */
function createdAt({ container, createdAt: ofFiles }: Tracked): number {
  return container.runtime === undefined ? ofFiles : secondsOf(container.created_at);
}

const creationTime: ContainerFamily = {
  name: "container_creation_time_seconds",
  type: "gauge",
  help: "Unix time at which the container was created.",
  write(tracked, emit) {
    emit("", createdAt(tracked));
  },
};

/** cAdvisor's words for numbers: a container without a health check, as any cgroup, has -1. */
const healthState: ContainerFamily = {
  name: "container_health_state",
  type: "gauge",
  help: "What the health check says: 1 = healthy, 0 = starting or unhealthy, -1 = there is none.",
  write({ container: { health } }, emit) {
    emit("", health === undefined ? -1 : Number(health === "healthy"));
  },
};

const lastSeen: ContainerFamily = {
  name: "container_last_seen",
  type: "gauge",
  help: "Unix time of the last sample.",
  write(tracked, emit) {
    emit("", Math.floor(tracked.ring.timeAt(tracked.ring.length - 1) / 1000));
  },
};

const startTime: ContainerFamily = {
  name: "container_start_time_seconds",
  type: "gauge",
  help: "Unix time at which the container was started; of a plain cgroup when it was created.",
  write(tracked, emit) {
    const { runtime, started_at: startedAt } = tracked.container;
    emit("", runtime === undefined ? createdAt(tracked) : secondsOf(startedAt));
  },
};

/** All labels once, so that no other series has to carry them. */
function infoOf(labels: SeriesLabels): ContainerFamily {
  return {
    name: "container_info",
    type: "gauge",
    help: "Labels of the container, as container_label_*; always 1.",
    write({ container }, emit) {
      if (container.runtime !== undefined) emit(labels.infoOf(container), 1);
    },
  };
}

/** Who a container is, and since when. */
export function identityFamilies(labels: SeriesLabels): readonly ContainerFamily[] {
  return [creationTime, healthState, infoOf(labels), lastSeen, startTime];
}
