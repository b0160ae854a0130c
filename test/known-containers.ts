import type { EngineContainer, Runtime, RuntimeListener } from "../agent/runtimes/runtime.ts";

/** What a runtime has told so far: each container as it is known now, by the engine's id. */
export interface KnownContainers {
  readonly containers: ReadonlyMap<string, EngineContainer>;
  /** Every action that was told, such as `start`, in order; at most the last 10 000. */
  readonly actions: readonly string[];
  /** How often containers were told as new or changed. */
  upserts(): number;
}

const MOST_ACTIONS = 10_000;

/** Starts a runtime and keeps what it tells, by the same rules as the agent's inventory. */
export function knownOf(runtime: Runtime): KnownContainers {
  const containers = new Map<string, EngineContainer>();
  const actions: string[] = [];
  let upserts = 0;
  const listener: RuntimeListener = {
    upsert(container) {
      upserts++;
      containers.set(container.id, { ...containers.get(container.id), ...container });
    },
    remove: (id) => void containers.delete(id),
    retain(ids) {
      for (const id of containers.keys()) if (!ids.has(id)) containers.delete(id);
    },
    cgroupsChanged: () => undefined,
    event({ action }) {
      actions.push(action);
      if (actions.length > MOST_ACTIONS) actions.shift();
    },
  };
  runtime.start(listener);
  return { containers, actions, upserts: () => upserts };
}
