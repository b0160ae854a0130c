import type { Tracked } from "../../window/tracked.ts";
import type { Window } from "../../window/window.ts";
import { RestError } from "./errors.ts";

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Whether it has been sampled: only then there is anything to tell. */
function isReady({ ring }: Tracked): boolean {
  return ring.length > 0;
}

/** All cgroups that there is anything to tell of, by their paths. */
export function readyOf(window: Window): Tracked[] {
  return [...window.live].filter(isReady).toSorted((a, b) => (a.cgroup.id < b.cgroup.id ? -1 : 1));
}

/** The cgroup of a path. @throws RestError where there is none */
export function byPath(window: Window, path: string): Tracked {
  const tracked = window.get(path);
  if (tracked === undefined || !isReady(tracked)) {
    throw new RestError(`unknown container ${quoted(path)}`);
  }
  return tracked;
}

/** A cgroup and all below it. @throws RestError where there is none */
export function withAllBelow(window: Window, path: string): Tracked[] {
  byPath(window, path);
  return readyOf(window).filter(({ cgroup: { id } }) => isAtOrBelow(id, path));
}

/** Whether a cgroup is another, or below it. */
export function isAtOrBelow(id: string, path: string): boolean {
  return path === "/" || id === path || id.startsWith(`${path}/`);
}

/** All containers of an engine. */
export function ofEngine(window: Window, engine: string): Tracked[] {
  return readyOf(window).filter(({ container }) => container.runtime === engine);
}

/** The container of an engine with such a name, id or beginning of an id. @throws RestError where there is none, or several */
export function byName(window: Window, engine: string, wanted: string): Tracked {
  const all = ofEngine(window, engine);
  const exact = all.filter(
    ({ container: { name, container_id: id } }) => name === wanted || id === wanted,
  );
  const found =
    exact.length > 0 || wanted === ""
      ? exact
      : all.filter(({ container }) => container.container_id?.startsWith(wanted) === true);
  const [only] = found;
  if (only === undefined) {
    throw new RestError(
      `unable to find container ${quoted(wanted)} in ${quoted(engine)} namespace`,
    );
  }
  if (found.length > 1) {
    throw new RestError(
      `unable to find container ${quoted(wanted)} in ${quoted(engine)} namespace: ${found.length} have an id that begins so`,
    );
  }
  return only;
}
