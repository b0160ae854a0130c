import type Docker from "dockerode";

import { type Container, type ContainerOptions, pause } from "../../testbed/container.ts";
import { type Berth, type Fleet, oneOf, type Random } from "./fleet.ts";

/** An engine of Docker's API: Docker or Podman. */
interface Engine {
  readonly api: Docker;
  readonly cgroupParent: string;
  run(options: ContainerOptions): Promise<Container>;
  log(): string;
}

/** Each berth has so many names, which its containers take in turn and again. */
const NAMES = 3;

const RUNS = new Set(["running", "paused", "restarting"]);

/** How a container stands, and what can be done to it then. */
const POSSIBLE = {
  running: ["rename", "pause", "restart", "kill", "remove"],
  paused: ["unpause", "rename"],
  exited: ["start", "rename", "remove"],
} as const;

class DockerBerth implements Berth {
  readonly #engine: Engine;
  readonly #prefix: string;
  #container: Container | undefined;
  #state: keyof typeof POSSIBLE = "running";
  #name = 0;

  constructor(engine: Engine, prefix: string) {
    this.#engine = engine;
    this.#prefix = prefix;
  }

  async change(random: Random): Promise<string> {
    const container = this.#container;
    if (container === undefined) return this.#create(random);
    const what = oneOf(POSSIBLE[this.#state], random);
    const { api } = container;
    if (what === "rename") await api.rename({ name: this.#nextName(random) });
    else if (what === "restart") await api.restart({ t: 0 });
    else if (what === "kill") await container.kill();
    else if (what === "remove") await this.#remove(container);
    else if (what === "pause") await pause(api);
    else await api[what]();
    if (what === "pause") this.#state = "paused";
    else if (what === "kill") this.#state = "exited";
    else if (what !== "rename") this.#state = "running";
    return what;
  }

  async #create(random: Random): Promise<string> {
    const name = this.#nextName(random);
    this.#container = await this.#engine.run({ name, cmd: ["sleep", "1000"] });
    this.#state = "running";
    return "create";
  }

  async #remove(container: Container): Promise<void> {
    await container.remove();
    this.#container = undefined;
  }

  /** Another one than it has now, maybe one that a container before it had. */
  #nextName(random: Random): string {
    this.#name = (this.#name + oneOf([1, NAMES - 1], random)) % NAMES;
    return `${this.#prefix}-${this.#name}`;
  }
}

/** So many places for containers in Docker or Podman. */
export function dockerFleet(runtime: string, engine: Engine, size: number): Fleet {
  return {
    runtime,
    parent: engine.cgroupParent,
    berths: Array.from({ length: size }, (_, at) => new DockerBerth(engine, `${runtime}-${at}`)),
    log: () => engine.log(),
    async list() {
      const all = await engine.api.listContainers({ all: true });
      const running = all.filter(({ State: state }) => RUNS.has(state));
      return new Map(
        running.map(({ Id: id, Names: [name = ""], State: state }) => [
          id,
          `${name.slice(1)} ${state}`,
        ]),
      );
    },
  };
}
