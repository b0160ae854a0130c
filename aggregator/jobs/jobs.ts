import { inFolder } from "../../lib/http/peer-config.ts";
import { Announcement } from "../discovery/announcement.ts";
import type {
  Discovery,
  DiscoveryContext,
  DiscoveryState,
  TargetGroup,
} from "../discovery/discovery.ts";
import type { Job } from "./job.ts";
import { type DroppedTarget, type MadeTargets, makeTargets } from "./make-targets.ts";
import { isOfShard, type Shard } from "./shard.ts";
import type { Target } from "./target.ts";

/** After a change further ones wait so long, so that a lively cluster is not gone through for each. Milliseconds. */
const PAUSE = 1000;

/** How it goes with a job, for `/targets` and `/metrics`. */
export interface JobState {
  readonly name: string;
  readonly discoveries: readonly DiscoveryState[];
  /** Of this shard. */
  readonly targets: readonly Target[];
  /** Some of those that are not scraped. */
  readonly dropped: readonly DroppedTarget[];
  readonly droppedCount: number;
  /** Why the whole job is not scraped. */
  readonly trouble?: string;
}

/** What jobs run with. */
export interface JobsOptions extends DiscoveryContext {
  /** Only these targets; all if left out. */
  readonly shard: Shard | undefined;
  /** Is told all targets of all jobs each time they may have changed. */
  readonly found: (targets: readonly Target[]) => void;
}

interface Source {
  readonly discovery: Discovery;
  groups: readonly TargetGroup[];
}

interface Running {
  readonly job: Job;
  readonly sources: readonly Source[];
  made: MadeTargets;
  isStale: boolean;
}

const NOTHING: MadeTargets = { targets: [], dropped: [], droppedCount: 0 };

/** The jobs: what their discoveries find becomes targets. */
export class Jobs {
  readonly #options: JobsOptions;
  #running: readonly Running[] = [];
  readonly #changes = new Announcement(PAUSE, () => this.#update());

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /**
   * Runs these jobs from now on, and no others. What a job's discovery had found stays until the
   * one in its place has found something, so that no target is left for having been configured anew.
   */
  set(jobs: readonly Job[]): void {
    const before = this.#running;
    const known = new Map(before.flatMap(keyedGroups));
    this.#running = jobs.map((job) => this.#create(job, known));
    for (const running of this.#running) this.#start(running);
    this.#update();
    closeAll(before).catch((error: unknown) => {
      this.#options.logger.error({ err: error }, "BUG: cannot end a discovery");
    });
  }

  /** How it goes with each. */
  states(): readonly JobState[] {
    return this.#running.map(({ job, sources, made }) => ({
      name: job.name,
      discoveries: sources.map(({ discovery }) => discovery.state()),
      targets: made.targets,
      dropped: made.dropped,
      droppedCount: made.droppedCount,
      ...(made.trouble === undefined ? {} : { trouble: made.trouble }),
    }));
  }

  /** Ends all discoveries. */
  async close(): Promise<void> {
    this.#changes.close();
    const before = this.#running;
    this.#running = [];
    await closeAll(before);
  }

  #create(configured: Job, known: ReadonlyMap<string, readonly TargetGroup[]>): Running {
    const { logger, folder, ...rest } = this.#options;
    const job = { ...configured, peer: inFolder(configured.peer, folder) };
    const sources = job.discoveries.map((create): Source => {
      const discovery = create({ ...rest, logger: logger.child({ job: job.name }), folder });
      return { discovery, groups: known.get(keyOf(job, discovery)) ?? [] };
    });
    return { job, sources, made: NOTHING, isStale: true };
  }

  #start(running: Running): void {
    for (const source of running.sources) {
      source.discovery.start((groups) => {
        source.groups = groups;
        running.isStale = true;
        if (this.#running.includes(running)) this.#changes.ask();
      });
    }
  }

  #update(): void {
    for (const running of this.#running) if (running.isStale) this.#make(running);
    this.#options.found(this.#running.flatMap(({ made }) => made.targets));
  }

  #make(running: Running): void {
    const { shard, logger } = this.#options;
    const { job, sources } = running;
    const made = makeTargets(
      job,
      sources.flatMap(({ groups }) => groups),
    );
    if (made.trouble !== undefined && made.trouble !== running.made.trouble) {
      logger.warn({ job: job.name, trouble: made.trouble }, "a job is not scraped");
    }
    const own = shard && made.targets.filter((target) => isOfShard(target, shard));
    running.made = own === undefined ? made : { ...made, targets: own };
    running.isStale = false;
  }
}

function keyedGroups({ job, sources }: Running): [string, readonly TargetGroup[]][] {
  return sources.map(({ discovery, groups }) => [keyOf(job, discovery), groups]);
}

function keyOf(job: Job, discovery: Discovery): string {
  const { kind, where } = discovery.state();
  return JSON.stringify([job.name, kind, where]);
}

async function closeAll(jobs: readonly Running[]): Promise<void> {
  const discoveries = jobs.flatMap(({ sources }) => sources.map(({ discovery }) => discovery));
  await Promise.all(discoveries.map(async (discovery) => discovery.close()));
}
