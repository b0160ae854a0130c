import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { codeOf } from "../../lib/errors.ts";
import type { Hierarchies, Hierarchy } from "./hierarchy.ts";

/** A leaf is looked at every so many scans for children that it may have got. */
const LEAF_EVERY = 8;

/** Every so many scans all directories are listed again, in case the link count hid an exchange. */
const LIST_EVERY = 10;

/** systemd's mount units hold no processes. */
const IGNORED = ".mount";

interface Directory {
  readonly id: string;
  readonly path: string;
  /** At which scans, of every eight, it is looked at while it is a leaf. */
  readonly turn: number;
  /** Link count when it was last listed: 2 and one for each child. */
  links: number;
  readonly children: Map<string, Directory>;
}

/** What a scan found. */
export interface TreeChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Knows every cgroup of a host. A directory's link count tells whether it got or lost a child, so
 * that a scan of a quiet host costs a few `stat` calls and lists nothing.
 */
export class CgroupTree {
  readonly #roots: readonly Directory[];
  /** In how many hierarchies each cgroup exists. */
  readonly #ids: Map<string, number> = new Map();
  #added: Set<string> = new Set();
  #removed: Set<string> = new Set();
  #scan = 0;

  constructor(hierarchies: Hierarchies) {
    this.#roots = hierarchies.all.map(rootOf);
    for (const root of this.#roots) this.#appear(root);
  }

  /** Every cgroup that is known now. */
  get ids(): Iterable<string> {
    return this.#ids.keys();
  }

  /** Looks for cgroups that have come or gone since the last scan. `everything` lists all directories. */
  scan(everything = false): TreeChange {
    for (const root of this.#roots) this.#visit(root, everything);
    this.#scan++;
    const change = { added: [...this.#added], removed: [...this.#removed] };
    this.#added = new Set();
    this.#removed = new Set();
    return change;
  }

  #visit(directory: Directory, everything: boolean): void {
    const isLeaf = directory.children.size === 0;
    const isNew = directory.links === -1;
    const isDue = this.#scan % LEAF_EVERY === directory.turn;
    if (isLeaf && !isNew && !isDue && !everything) return;
    const links = statSync(directory.path, { throwIfNoEntry: false })?.nlink;
    // It is gone; its parent's link count says so too, in this scan or in the next.
    if (links === undefined) return;
    const list = everything || this.#scan % LIST_EVERY === 0;
    if (links !== directory.links || (list && !isLeaf)) this.#list(directory, links);
    for (const child of directory.children.values()) this.#visit(child, everything);
  }

  #list(directory: Directory, links: number): void {
    const found = childrenOf(directory.path);
    // Looked at again in the next scan; what was known stays until then.
    if (found === undefined) return;
    const names = new Set(found);
    for (const [name, child] of directory.children) {
      if (names.has(name)) continue;
      directory.children.delete(name);
      this.#disappear(child);
    }
    for (const name of names) {
      if (directory.children.has(name)) continue;
      const child = childOf(directory, name);
      directory.children.set(name, child);
      this.#appear(child);
    }
    directory.links = links;
  }

  #appear({ id }: Directory): void {
    const hierarchies = this.#ids.get(id) ?? 0;
    this.#ids.set(id, hierarchies + 1);
    if (hierarchies > 0) return;
    if (!this.#removed.delete(id)) this.#added.add(id);
  }

  #disappear({ id, children }: Directory): void {
    for (const child of children.values()) this.#disappear(child);
    const hierarchies = (this.#ids.get(id) ?? 1) - 1;
    if (hierarchies > 0) {
      this.#ids.set(id, hierarchies);
      return;
    }
    this.#ids.delete(id);
    if (!this.#added.delete(id)) this.#removed.add(id);
  }
}

function rootOf({ directory }: Hierarchy): Directory {
  return { id: "/", path: directory, turn: 0, links: -1, children: new Map() };
}

/** Leaves take turns in the order in which they were found, so that each scan costs the same. */
let seen = 0;

function childOf(parent: Directory, name: string): Directory {
  return {
    turn: seen++ % LEAF_EVERY,
    id: parent.id === "/" ? `/${name}` : `${parent.id}/${name}`,
    path: join(parent.path, name),
    links: -1,
    children: new Map(),
  };
}

/** Names of the cgroups in a directory; none if it has gone, undefined if it can't be looked at now. */
function childrenOf(path: string): string[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.endsWith(IGNORED))
      .map((entry) => entry.name);
  } catch (error) {
    return codeOf(error) === "ENOENT" || codeOf(error) === "ENODEV" ? [] : undefined;
  }
}
