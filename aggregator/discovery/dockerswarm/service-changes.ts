import { at, countAt, textAt } from "../../../lib/json-at.ts";
import type { EventDetails, EventType, NewEvent } from "../../../wire/events/event.ts";
import type { EarlierEvents } from "../orchestrator.ts";

/** Something that the swarm has done with a service; without a time it is told as of now. */
type Change = Omit<NewEvent, "time"> & { readonly time?: string };

/** A service as it is known. */
interface Service {
  readonly name: string;
  /** How many tasks are wanted; undefined where that is not said by a number. */
  readonly replicas: number | undefined;
  readonly image: string;
  /** The image before this one. */
  readonly imageBefore: string;
  /** How its update goes: `updating`, `completed` and so on; empty if there was none. */
  readonly update: string;
  /** Nanoseconds, as near as a number gets, at which it became so: what is not later is known. */
  readonly since: number;
}

/** What a list showed that has not been believed yet. */
interface Doubted {
  readonly since: number;
}

/** Services that are gone are remembered, so that a late list does not bring them back. */
const MOST_GONE = 10_000;
const FINISHED: readonly string[] = ["completed", "rollback_completed"];

/**
 * What a swarm does with its services: from its manager's events, each as it comes, and from its list,
 * which shows what was missed. A list is believed when it shows the same twice, as what it shows may be
 * on its way as an event.
 */
export class ServiceChanges {
  readonly #services = new Map<string, Service>();
  readonly #doubted = new Map<string, Doubted>();
  readonly #gone = new Set<string>();
  readonly #earlier: EarlierEvents;
  #hasList = false;

  constructor(earlier: EarlierEvents) {
    this.#earlier = earlier;
  }

  /** Whether a service of this name is known, and its wanted number of tasks if `isCounted`. */
  knows(name: string, isCounted: boolean): boolean {
    for (const service of this.#services.values()) {
      if (service.name === name) return !isCounted || service.replicas !== undefined;
    }
    return false;
  }

  /** The names of all services by their ids. */
  names(): ReadonlyMap<string, string> {
    return new Map([...this.#services].map(([id, { name }]) => [id, name]));
  }

  /**
   * Takes an event of a service as `GET /events` tells it.
   * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/System/operation/SystemEvents
   */
  *hear(message: unknown): Generator<Change> {
    const id = textAt(message, "Actor", "ID");
    const since = nanoseconds(at(message, "timeNano"));
    const known = this.#services.get(id);
    // One that was made just now is in the next list.
    if (textAt(message, "Type") !== "service" || known === undefined) return;
    const action = textAt(message, "Action");
    if (action === "remove") {
      this.#forget(id);
      yield* scaled(known, 0, timeOf(since));
      return;
    }
    if (action !== "update" || since <= known.since) return;
    const changes = changesIn(message, known);
    const isFinished = FINISHED.includes(changes.update ?? "");
    yield* this.#become(id, known, { ...known, ...changes, since }, isFinished);
  }

  /** Takes the answer of `GET /services`. */
  *look(list: readonly unknown[]): Generator<Change> {
    const listed = new Set<string>();
    for (const entry of list) {
      const id = textAt(entry, "ID");
      if (id === "" || this.#gone.has(id)) continue;
      listed.add(id);
      yield* this.#see(id, serviceIn(entry));
    }
    for (const [id, known] of this.#services) {
      if (listed.has(id) || !this.#isBelieved(id, Number.NaN)) continue;
      this.#forget(id);
      yield* scaled(known, 0);
    }
    this.#hasList = true;
  }

  *#see(id: string, shown: Service): Generator<Change> {
    const known = this.#services.get(id);
    if (known === undefined) {
      this.#services.set(id, shown);
      const before = this.#hasList ? 0 : this.#earlier.count(groupOf(shown));
      if (before !== undefined && shown.replicas !== undefined) {
        yield* scaled({ ...shown, replicas: before }, shown.replicas, timeOf(shown.since));
      }
    } else if (shown.since <= known.since) {
      this.#doubted.delete(id);
    } else if (this.#isBelieved(id, shown.since)) {
      const { image } = known;
      const imageBefore = image === shown.image ? known.imageBefore : image;
      const isFinished = known.update !== shown.update && FINISHED.includes(shown.update);
      yield* this.#become(id, known, { ...shown, imageBefore }, isFinished);
    }
  }

  /** Whether the list before this one has shown the same. */
  #isBelieved(id: string, since: number): boolean {
    const isSame = Object.is(this.#doubted.get(id)?.since, since);
    if (isSame) this.#doubted.delete(id);
    else this.#doubted.set(id, { since });
    return isSame;
  }

  *#become(id: string, before: Service, now: Service, isFinished: boolean): Generator<Change> {
    this.#services.set(id, now);
    this.#doubted.delete(id);
    const time = timeOf(now.since);
    if (now.replicas !== undefined) yield* scaled(before, now.replicas, time);
    if (isFinished) yield change("rollout_finished", rolloutOf(now), time);
  }

  #forget(id: string): void {
    this.#services.delete(id);
    this.#doubted.delete(id);
    this.#gone.add(id);
    const [oldest] = this.#gone;
    if (this.#gone.size > MOST_GONE && oldest !== undefined) this.#gone.delete(oldest);
  }
}

function groupOf({ name }: Pick<Service, "name">): string {
  return `service:${name}`;
}

function* scaled(before: Service, to: number, time?: string): Generator<Change> {
  const { replicas: from } = before;
  if (from === undefined || from === to) return;
  yield change("service_scaled", { group: groupOf(before), from, to }, time);
}

function rolloutOf({ name, image, imageBefore, update }: Service): EventDetails {
  return {
    group: groupOf({ name }),
    ...(imageBefore === "" || imageBefore === image ? {} : { from: imageBefore, to: image }),
    ...(update === "completed" ? {} : { reason: "rolled back" }),
  };
}

function change(type: EventType, details: EventDetails, time: string | undefined): Change {
  // A service is on no node alone.
  return { node: "", type, details, ...(time === undefined ? {} : { time }) };
}

/** What an event says has become different. */
function changesIn(message: unknown, known: Service): Partial<Service> {
  const of = (name: string): string => textAt(message, "Actor", "Attributes", name);
  const [replicas, image, update] = [of("replicas.new"), of("image.new"), of("updatestate.new")];
  return {
    ...(/^\d{1,9}$/u.test(replicas) ? { replicas: Number(replicas) } : {}),
    ...(image === "" ? {} : { image: bare(image), imageBefore: known.image }),
    ...(update === "" ? {} : { update }),
    ...(of("name") === "" ? {} : { name: of("name") }),
  };
}

/** https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Service/operation/ServiceList */
function serviceIn(entry: unknown): Service {
  return {
    name: textAt(entry, "Spec", "Name"),
    replicas: countAt(entry, "Spec", "Mode", "Replicated", "Replicas"),
    image: bare(textAt(entry, "Spec", "TaskTemplate", "ContainerSpec", "Image")),
    imageBefore: bare(textAt(entry, "PreviousSpec", "TaskTemplate", "ContainerSpec", "Image")),
    update: textAt(entry, "UpdateStatus", "State"),
    since: nanosecondsOf(textAt(entry, "UpdatedAt")),
  };
}

/** Without the digest that a manager puts behind the tag. */
function bare(image: string): string {
  return image.replace(/@sha256:.*$/u, "");
}

function nanoseconds(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** Of RFC 3339 with up to nine digits of a second, rounded as JSON rounds the whole number. */
function nanosecondsOf(time: string): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/u.exec(time);
  const seconds = Date.parse(`${match?.[1] ?? ""}Z`) / 1000;
  if (Number.isNaN(seconds)) return 0;
  return Number(`${seconds}${(match?.[2] ?? "").padEnd(9, "0")}`);
}

function timeOf(since: number): string | undefined {
  return since > 0 && since < 8e21 ? new Date(Math.trunc(since / 1e6)).toISOString() : undefined;
}
