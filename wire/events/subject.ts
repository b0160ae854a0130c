import type { Container } from "../container.ts";
import type { EventSubject } from "./event.ts";

/** What of a container stands in its events. */
export function subjectOf(container: Container): EventSubject {
  const { id, container_id, name, image, runtime, labels, groups } = container;
  return {
    // Until it has had a cgroup its id stands where the path will.
    ...(id.startsWith("/") ? { id } : {}),
    ...(container_id === undefined ? {} : { container_id }),
    name,
    ...(image === undefined ? {} : { image }),
    ...(runtime === undefined ? {} : { runtime }),
    labels,
    groups,
  };
}
