import { openPeer, type Peer } from "../../lib/http/peer.ts";
import type { Agent } from "./agent.ts";
import { Follower, type FollowerOptions } from "./follower.ts";

/** What followers have in common. */
export interface FollowersOptions extends Pick<FollowerOptions, "logger" | "take"> {
  /** The last event of a node that we have; empty for none. */
  readonly lastId: (node: string) => string;
  readonly gap: (node: string) => void;
  readonly refused: (node: string) => void;
}

interface Running {
  readonly key: string;
  readonly follower: Follower;
  readonly peer: Peer;
  isUp: boolean;
}

/** Follows each agent that answers, by one connection for each node. */
export class Followers {
  readonly #options: FollowersOptions;
  readonly #running = new Map<string, Running>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: FollowersOptions) {
    this.#options = options;
  }

  /** Follows these from now on, and no others. */
  set(agents: readonly Agent[]): void {
    const nodes = new Set(agents.map(({ node }) => node));
    for (const [node, running] of this.#running) if (!nodes.has(node)) this.#end(node, running);
    for (const agent of agents) if (agent.node !== undefined) this.#meet(agent.node, agent);
  }

  async close(): Promise<void> {
    this.set([]);
    await Promise.all(this.#ending);
  }

  #meet(node: string, agent: Agent): void {
    const isUp = agent.health === "up";
    const key = JSON.stringify([agent.url, agent.peer]);
    const running = this.#running.get(node);
    if (running?.key === key) {
      // Nobody says that a cable was pulled; a connection over it would wait for a long time.
      if (running.isUp && !isUp) running.follower.reconnect();
      running.isUp = isUp;
    } else if (isUp) {
      if (running !== undefined) this.#end(node, running);
      this.#running.set(node, this.#start(node, agent, key));
    }
  }

  #start(node: string, { url, peer: settings }: Agent, key: string): Running {
    const { lastId, gap, refused, ...rest } = this.#options;
    const peer = openPeer(settings);
    const follower = new Follower({
      ...rest,
      url,
      node,
      peer,
      lastId: lastId(node),
      gap: () => gap(node),
      refused: () => refused(node),
    });
    return { key, follower, peer, isUp: true };
  }

  #end(node: string, { follower, peer }: Running): void {
    this.#running.delete(node);
    const done = follower.close().finally(() => {
      peer.close();
      this.#ending.delete(done);
    });
    this.#ending.add(done);
  }
}
