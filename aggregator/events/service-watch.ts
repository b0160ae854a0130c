import type { NewEvent } from "../../wire/events/event.ts";
import { type Placed, placeAt } from "../model/level.ts";
import { withoutReplaced } from "./swarm-task.ts";

/** What is noticed of a service; only who puts it down knows the time. */
export type ServiceNews = Omit<NewEvent, "time">;

/** How a service is: its running containers. */
interface Shape {
  readonly count: number;
  /** The only image; undefined if there are several, or none. */
  readonly image: string | undefined;
}

interface Watched {
  /** As it was last told; undefined until it has settled once. */
  told: Shape | undefined;
  /** As it is, and since when (Unix milliseconds). */
  shape: Shape;
  since: number;
  node: string;
}

const NONE: Shape = { count: 0, image: undefined };

/** Notices what orchestrators do with services, from the containers that run. */
export class ServiceWatch {
  readonly #clusterName: string;
  readonly #settle: () => number;
  readonly #counts: ReadonlyMap<string, number>;
  readonly #services = new Map<string, Watched>();
  #hasBegun = false;

  /**
   * @param settle milliseconds for which a service must not change before it counts
   * @param counts containers of services when that was last told
   */
  constructor(
    clusterName: string,
    settle: () => number,
    counts: ReadonlyMap<string, number> = new Map(),
  ) {
    this.#clusterName = clusterName;
    this.#settle = settle;
    this.#counts = counts;
  }

  /** Looks at all containers that run; at first only when all agents have been asked. */
  *look(running: readonly Placed[], now: number): Generator<ServiceNews> {
    const members = membersOf(running, this.#clusterName);
    for (const [group, placed] of members) this.#note(group, placed, now);
    for (const [group, watched] of this.#services) {
      if (!members.has(group)) change(watched, NONE, now);
      if (now - watched.since < this.#settle()) continue;
      yield* tell(group, watched);
      if (watched.shape.count === 0) this.#services.delete(group);
    }
    // What is there at the beginning is not new.
    this.#hasBegun = true;
  }

  #note(group: string, placed: readonly Placed[], now: number): void {
    const images = new Set(placed.map(({ container }) => container.image));
    const [image] = images;
    const shape = { count: placed.length, image: images.size === 1 ? image : undefined };
    const nodes = new Set(placed.map(({ node }) => node));
    const [node = ""] = nodes;
    const known = this.#services.get(group);
    if (known !== undefined) {
      change(known, shape, now);
      known.node = nodes.size === 1 ? node : "";
      return;
    }
    const told = this.#hasBegun ? NONE : this.#rememberedOf(group, shape);
    this.#services.set(group, { told, shape, since: now, node: nodes.size === 1 ? node : "" });
  }

  #rememberedOf(group: string, { image }: Shape): Shape | undefined {
    const count = this.#counts.get(group);
    return count === undefined || count === 0 ? undefined : { count, image };
  }
}

function membersOf(running: readonly Placed[], clusterName: string): Map<string, Placed[]> {
  const members = new Map<string, Placed[]>();
  for (const placed of withoutReplaced(running)) {
    const place = placeAt("service", placed, clusterName);
    if (place === undefined) continue;
    const group = `service:${place.name}`;
    const found = members.get(group);
    if (found === undefined) members.set(group, [placed]);
    else found.push(placed);
  }
  return members;
}

function change(watched: Watched, shape: Shape, now: number): void {
  const { count, image } = watched.shape;
  if (count === shape.count && image === shape.image) return;
  watched.shape = shape;
  watched.since = now;
}

/** Tells what is different now that a service has settled. */
function* tell(group: string, watched: Watched): Generator<ServiceNews> {
  const { told, shape, node } = watched;
  // The image of a rollout that is under way is not told; the one before it is still remembered.
  watched.told = { count: shape.count, image: shape.image ?? told?.image };
  if (told === undefined) return;
  if (told.count !== shape.count) {
    const details = { group, from: told.count, to: shape.count };
    yield { node, type: "service_scaled", details };
  }
  if (told.image !== undefined && shape.image !== undefined && told.image !== shape.image) {
    const details = { group, from: told.image, to: shape.image };
    yield { node, type: "rollout_finished", details };
  }
}
