import type { EngineContainer, RuntimeListener } from "../runtime.ts";
import {
  type CriEvent,
  type Listed,
  podContainer,
  type Sandbox,
  sandboxContainer,
} from "./parse.ts";

/** Whose status has to be asked for. */
export interface Unclear {
  readonly sandboxes: readonly string[];
  readonly containers: readonly string[];
}

/** The pods of one CRI server as they were told last. Finds out what has changed, and tells a listener. */
export class Pods {
  readonly #listener: RuntimeListener;
  readonly #sandboxes: Map<string, Sandbox> = new Map();
  readonly #containers: Map<string, Listed> = new Map();
  /** Of each id the state up to which its events have been told. */
  readonly #told: Map<string, string> = new Map();
  /** Whose status has been told as well. */
  readonly #clear: Set<string> = new Set();
  /** What events have told since the last list was asked for; the list may be older. */
  readonly #fresh: Set<string> = new Set();
  /** What the first list tells has happened before we came. */
  #isSilent = true;
  #runtime = "";

  constructor(listener: RuntimeListener) {
    this.#listener = listener;
  }

  /** Says how the containers' runtime is called, and that a list is asked for now. */
  beginList(runtime: string): void {
    this.#runtime = runtime;
    this.#fresh.clear();
  }

  /** Takes all that there are, and gives who is new or has changed: put its status, then settle it. */
  takeList(sandboxes: readonly Sandbox[], containers: readonly Listed[]): Unclear {
    this.#retain(new Set([...sandboxes, ...containers].map(({ id }) => id)));
    const changed = {
      sandboxes: sandboxes.filter((each) => this.#isChanged(each, this.#sandboxes)),
      containers: containers.filter((each) => this.#isChanged(each, this.#containers)),
    };
    for (const sandbox of changed.sandboxes) this.#keepSandbox(sandbox);
    for (const container of changed.containers) this.#keepContainer(container);
    return {
      sandboxes: changed.sandboxes.map(({ id }) => id),
      containers: changed.containers.map(({ id }) => id),
    };
  }

  /** All that a list has told is settled: from now on each change is an event. */
  endList(): void {
    this.#isSilent = false;
  }

  /** Takes the status of a sandbox. */
  putSandbox(sandbox: Sandbox): void {
    if (this.#fresh.has(sandbox.id) || !this.#sandboxes.has(sandbox.id)) return;
    this.#clear.add(sandbox.id);
    this.#keepSandbox(sandbox);
  }

  /** Takes the status of a container. */
  putContainer(container: Listed): void {
    if (this.#fresh.has(container.id) || !this.#containers.has(container.id)) return;
    this.#clear.add(container.id);
    this.#keepContainer(container);
  }

  /** Tells what has happened to one since the last time. */
  settle(id: string): void {
    const now = this.#describe(id);
    if (now === undefined) return;
    const before = this.#told.get(id);
    this.#told.set(id, now.state);
    if (this.#isSilent || before === now.state) return;
    const { exitCode } = this.#containers.get(id) ?? {};
    const actions = actionsBetween(before, now);
    for (const action of actions) this.#tell(now, action, exitCode);
    if (actions.includes("start") || actions.includes("die")) this.#listener.cgroupsChanged();
  }

  /** Takes an event; false if a list is needed to understand it. */
  takeEvent({ id, state, sandbox, container }: CriEvent): boolean {
    // What has gone, and what has come that only its own status tells all of, a list shows.
    if (state === undefined || sandbox === undefined) return false;
    const isKnown = this.#sandboxes.has(sandbox.id);
    const about = id === sandbox.id ? sandbox : container;
    if (about === undefined || about.state !== state) return false;
    this.#fresh.add(id);
    if (about === sandbox || !isKnown) this.#keepSandbox(sandbox);
    if (container !== undefined) {
      this.#clear.add(id);
      this.#keepContainer(container);
    }
    this.settle(id);
    return isKnown;
  }

  #isChanged(now: { id: string; state: string }, before: Map<string, { state: string }>): boolean {
    if (this.#fresh.has(now.id)) return false;
    return before.get(now.id)?.state !== now.state || !this.#clear.has(now.id);
  }

  /** A list or an event knows less than a status: what was known is kept. */
  #keepSandbox(sandbox: Sandbox): void {
    this.#sandboxes.set(sandbox.id, { ...this.#sandboxes.get(sandbox.id), ...sandbox });
    this.#show(sandbox.id);
  }

  #keepContainer(container: Listed): void {
    this.#containers.set(container.id, { ...this.#containers.get(container.id), ...container });
    this.#show(container.id);
  }

  #show(id: string): void {
    const now = this.#describe(id);
    if (now !== undefined) this.#listener.upsert(now);
  }

  #describe(id: string): EngineContainer | undefined {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox !== undefined) return sandboxContainer(sandbox, this.#runtime);
    const container = this.#containers.get(id);
    if (container === undefined) return undefined;
    const { sandboxId = "" } = container;
    return podContainer(container, this.#sandboxes.get(sandboxId), this.#runtime);
  }

  /** Lets go of all others. */
  #retain(ids: ReadonlySet<string>): void {
    const all = new Set([...ids, ...this.#fresh]);
    // Containers first: their names are those of their sandboxes.
    const known = [...this.#containers.keys(), ...this.#sandboxes.keys()];
    for (const id of known) if (!all.has(id)) this.#forget(id);
    this.#listener.retain(all);
  }

  #forget(id: string): void {
    const last = this.#describe(id);
    const state = this.#told.get(id);
    this.#told.delete(id);
    this.#clear.delete(id);
    this.#sandboxes.delete(id);
    this.#containers.delete(id);
    this.#listener.remove(id);
    if (last === undefined || state === undefined) return;
    if (state === "running") {
      this.#tell(last, "die");
      this.#listener.cgroupsChanged();
    }
    this.#tell(last, "destroy");
  }

  #tell({ id, name, image }: EngineContainer, action: string, exitCode?: number): void {
    const code = action === "die" && exitCode !== undefined ? { exitCode } : {};
    this.#listener.event?.({ id, action, name, image, ...code });
  }
}

/** What has happened to a container between two states; undefined before it was there. */
function actionsBetween(before: string | undefined, now: EngineContainer): string[] {
  const actions = before === undefined ? ["create"] : [];
  const hasRun = before === "running" || before === "exited";
  const hasStarted = now.state === "running" || now.startedAt !== undefined;
  if (!hasRun && hasStarted) actions.push("start");
  if (before !== "exited" && now.state === "exited") actions.push("die");
  return actions;
}
