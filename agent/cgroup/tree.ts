import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { codeOf } from "../../lib/errors.ts";
import type { Hierarchies, Hierarchy } from "./hierarchy.ts";

/** A leaf is looked at every so many visits of its hierarchy for children that it may have got. */
const LEAF_EVERY = 8;

/** Every so many visits all directories with children are listed again, in case the link count hid an exchange. */
const LIST_EVERY = 10;

/** systemd's mount units hold no processes. */
const IGNORED = ".mount";

/** The link count of a directory without children. */
const NO_CHILDREN = 2;

/** Who had children may have some again soon: it is looked at in each of so many visits. */
const PATIENCE = 60;

/** To look at more children one by one costs more than to list them all. */
const MOST_LOOKED_AT = 32;

interface Directory {
  readonly id: string;
  readonly path: string;
  /** Which of its hierarchy's visits are its turn while it is a leaf. */
  readonly turn: number;
  /** Link count when its children were last known: 2 and one for each; -1 = they never were. */
  links: number;
  /** Children that are passed over, when it was last listed. */
  ignored: number;
  /** In so many more visits it is looked at as if it had children, as it had some lately. */
  patience: number;
  /** None at first: most cgroups are leaves, and an empty map for each would cost more than they do. */
  children: Map<string, Directory> | undefined;
}

/** One hierarchy: its directories, and how often they have been looked at. */
interface Tree {
  readonly root: Directory;
  visits: number;
}

/** How a hierarchy is looked at. */
interface Look {
  /** Lists the directories that have children, whatever their link count. */
  readonly list: boolean;
  /** Which leaves are looked at: none, those whose turn it is, or all. */
  readonly leaves: "none" | "due" | "all";
  /** The same directory in the first hierarchy, if this is another one. */
  readonly twin: Directory | undefined;
}

/** Whether it is a leaf's turn, or it has children elsewhere or had some lately. */
function isLookedAt(leaf: Directory, { visits }: Tree, { leaves, twin }: Look): boolean {
  if (leaves === "all" || leaf.patience > 0 || (twin?.children?.size ?? 0) > 0) return true;
  return leaves === "due" && visits % LEAF_EVERY === leaf.turn;
}

function isListDue(tree: Tree): boolean {
  return tree.visits % LIST_EVERY === 0;
}

/** What a scan found. */
export interface TreeChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Knows every cgroup of a host. A directory's link count tells whether it got or lost a child, so
 * that a scan of a quiet host costs a few `stat` calls and lists nothing. An engine makes a cgroup in
 * every hierarchy of v1: the first one is looked at in each scan, the others if anything has changed
 * there, and otherwise in turn, for the cgroups that they alone have. Where the others do as the first
 * has done, which the link count confirms, they are not listed either.
 */
export class CgroupTree {
  readonly #trees: readonly Tree[];
  /** In how many hierarchies each cgroup exists. */
  readonly #ids: Map<string, number> = new Map();
  #added: Set<string> = new Set();
  #removed: Set<string> = new Set();
  #scan = 0;
  /** Whether anything has come or gone in the last scan, in whichever hierarchy. */
  #hasChanged = true;
  /** Whether the last scan has listed the first hierarchy. */
  #wasListed = true;

  constructor(hierarchies: Hierarchies) {
    this.#trees = hierarchies.all.map(treeOf);
    for (const { root } of this.#trees) this.#appear(root);
  }

  /** Every cgroup that is known now. */
  get ids(): Iterable<string> {
    return this.#ids.keys();
  }

  /**
   * Looks for cgroups that have come or gone since the last scan.
   * @param isCertain something has changed: the first hierarchy is looked through to its last leaf
   */
  scan(isCertain = false): TreeChange {
    const [first, ...others] = this.#trees;
    // What has begun to change may take until the next scan to be the same everywhere.
    const [isChanging, wasListed] = [this.#hasChanged, this.#wasListed];
    this.#hasChanged = false;
    this.#wasListed = isCertain || (first !== undefined && isListDue(first));
    if (first !== undefined) {
      const leaves = isCertain ? "all" : "due";
      this.#visitTree(first, { list: this.#wasListed, leaves, twin: undefined });
    }
    for (const [index, tree] of others.entries()) {
      const hasChanged = isChanging || this.#hasChanged;
      // What a listing has found may be an exchange, which the link count does not show there either.
      const list = hasChanged && (this.#wasListed || (isChanging && wasListed));
      if (this.#scan % others.length === index) {
        const twin = isListDue(tree) ? undefined : first?.root;
        this.#visitTree(tree, { list: list || isListDue(tree), leaves: "due", twin });
      }
      // What has changed in the first has done so below a cgroup that has, or had, children.
      else if (hasChanged) {
        this.#visit(tree.root, tree, { list, leaves: "none", twin: first?.root });
      }
    }
    this.#scan++;
    const change = { added: [...this.#added], removed: [...this.#removed] };
    this.#added = new Set();
    this.#removed = new Set();
    return change;
  }

  #visitTree(tree: Tree, look: Look): void {
    this.#visit(tree.root, tree, look);
    tree.visits++;
  }

  #visit(directory: Directory, tree: Tree, look: Look): void {
    const isLeaf = directory.children === undefined && directory.ignored === 0;
    if (isLeaf && directory.links !== -1 && !isLookedAt(directory, tree, look)) return;
    if (isLeaf && directory.patience > 0) directory.patience--;
    const links = statSync(directory.path, { throwIfNoEntry: false })?.nlink;
    // It is gone; its parent's link count says so too, in this scan or in the next.
    if (links === undefined) return;
    const isSuspect = look.list && !isLeaf;
    if (links !== directory.links || isSuspect) this.#update(directory, links, look.twin);
    for (const [name, child] of directory.children ?? []) {
      this.#visit(child, tree, { ...look, twin: look.twin?.children?.get(name) });
    }
  }

  #update(directory: Directory, links: number, twin: Directory | undefined): void {
    if (directory.links === -1 && links === NO_CHILDREN) directory.links = links;
    else if (twin === undefined || !this.#follow(directory, links, twin)) {
      this.#list(directory, links);
    }
  }

  /** Takes over what has come and gone in the first hierarchy, as far as it has here too; false if that is not all. */
  #follow(directory: Directory, links: number, twin: Directory): boolean {
    const known = directory.children ?? new Map<string, Directory>();
    const added = [...(twin.children?.keys() ?? [])].filter((name) => !known.has(name));
    const removed = [...known.keys()].filter((name) => twin.children?.has(name) !== true);
    if (added.length + removed.length > MOST_LOOKED_AT) return false;
    const exists = (name: string): boolean =>
      statSync(join(directory.path, name), { throwIfNoEntry: false }) !== undefined;
    const [come, gone] = [added.filter(exists), removed.filter((name) => !exists(name))];
    const count = known.size + come.length - gone.length;
    if (count + directory.ignored !== links - NO_CHILDREN) return false;
    this.#exchange(directory, come, gone);
    directory.links = links;
    return true;
  }

  #list(directory: Directory, links: number): void {
    const found = childrenOf(directory.path);
    // Looked at again in the next scan; what was known stays until then.
    if (found === undefined) return;
    const names = new Set(found.filter((name) => !name.endsWith(IGNORED)));
    const known = [...(directory.children?.keys() ?? [])];
    this.#exchange(
      directory,
      [...names].filter((name) => directory.children?.has(name) !== true),
      known.filter((name) => !names.has(name)),
    );
    directory.ignored = found.length - names.size;
    directory.links = links;
  }

  #exchange(directory: Directory, come: readonly string[], gone: readonly string[]): void {
    const children = (directory.children ??= new Map());
    for (const name of gone) {
      const child = children.get(name);
      children.delete(name);
      if (child !== undefined) this.#disappear(child);
    }
    for (const name of come) {
      const child = childOf(directory, name);
      children.set(name, child);
      this.#appear(child);
    }
    if (children.size > 0) return;
    directory.children = undefined;
    if (gone.length > 0) directory.patience = PATIENCE;
  }

  #appear({ id }: Directory): void {
    this.#hasChanged = true;
    const hierarchies = this.#ids.get(id) ?? 0;
    this.#ids.set(id, hierarchies + 1);
    if (hierarchies > 0) return;
    if (!this.#removed.delete(id)) this.#added.add(id);
  }

  #disappear({ id, children }: Directory): void {
    this.#hasChanged = true;
    for (const child of children?.values() ?? []) this.#disappear(child);
    const hierarchies = (this.#ids.get(id) ?? 1) - 1;
    if (hierarchies > 0) {
      this.#ids.set(id, hierarchies);
      return;
    }
    this.#ids.delete(id);
    if (!this.#added.delete(id)) this.#removed.add(id);
  }
}

function treeOf({ directory }: Hierarchy): Tree {
  const root = {
    id: "/",
    path: directory,
    turn: 0,
    links: -1,
    ignored: 0,
    patience: 0,
    children: undefined,
  };
  return { root, visits: 0 };
}

/** Leaves take turns in the order in which they were found, so that each scan costs the same. */
let seen = 0;

function childOf(parent: Directory, name: string): Directory {
  return {
    turn: seen++ % LEAF_EVERY,
    id: parent.id === "/" ? `/${name}` : `${parent.id}/${name}`,
    path: join(parent.path, name),
    links: -1,
    ignored: 0,
    patience: 0,
    children: undefined,
  };
}

/** Names of the cgroups in a directory; none if it has gone, undefined if it can't be looked at now. */
function childrenOf(path: string): string[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    return codeOf(error) === "ENOENT" || codeOf(error) === "ENODEV" ? [] : undefined;
  }
}
