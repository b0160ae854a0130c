import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A device's numbers may come to mean another one: what is known of it is looked up again so often, in milliseconds. */
const LOOK_EVERY_MS = 10_000;

/** In memory, or for what is put into a drive. */
const NO_DISK = /^(?:z?ram|sr|fd)\d/;

/** Devices that lie on files, on other devices or on other machines' disks that are counted themselves. */
const ON_OTHERS = /^(?:loop|dm-|md|drbd|bcache|zd)\d/;

/** A device as a cgroup's files name it, by its numbers. */
export interface BlockDevice {
  /** `/dev/sda`; `8:0` if the kernel has no name for it. */
  readonly path: string;
  /** Numbers of the disks below it: what it does, they do as well. */
  readonly below: readonly string[];
}

/** A device as the machine's list of disks names it. */
export interface NamedDevice {
  readonly path: string;
  /** False for drives without a medium, memory, and the single paths to a disk that has several. */
  readonly isReal: boolean;
  readonly isPartition: boolean;
  /** A whole disk that lies on no other: such disks together do all the I/O of the machine. */
  readonly isGround: boolean;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** What sysfs knows of block devices. https://www.kernel.org/doc/Documentation/ABI/stable/sysfs-block */
export class BlockDevices {
  readonly #sysRoot: string;
  readonly #now: () => number;
  #byNumbers: Map<string, BlockDevice> = new Map();
  #byName: Map<string, NamedDevice> = new Map();
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param now monotonic milliseconds */
  constructor(sysRoot: string, now: () => number) {
    this.#sysRoot = sysRoot;
    this.#now = now;
  }

  /** The device of such numbers: `8:0`. */
  numbered(numbers: string): BlockDevice {
    this.#forget();
    let device = this.#byNumbers.get(numbers);
    if (device === undefined) this.#byNumbers.set(numbers, (device = this.#lookUp(numbers)));
    return device;
  }

  /** The device of such a name: `sda1`, `cciss/c0d0`. */
  named(name: string): NamedDevice {
    this.#forget();
    let device = this.#byName.get(name);
    if (device === undefined) this.#byName.set(name, (device = this.#describe(name)));
    return device;
  }

  #forget(): void {
    if (this.#now() - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = this.#now();
    this.#byNumbers = new Map();
    this.#byName = new Map();
  }

  #lookUp(numbers: string): BlockDevice {
    const place = join(this.#sysRoot, "dev", "block", numbers);
    const name = /^DEVNAME=(.+)$/m.exec(readText(join(place, "uevent")))?.[1];
    const below = namesIn(join(place, "slaves")).map((slave) => this.#diskOf(slave));
    return { path: name === undefined ? numbers : `/dev/${name}`, below };
  }

  /** The numbers of a disk, or of the one that a partition is on. */
  #diskOf(name: string): string {
    const place = join(this.#sysRoot, "class", "block", name);
    const isPartition = readText(join(place, "partition")) !== "";
    // Not joined: `place` is a link, and what is above it is known to the kernel alone.
    return readText(isPartition ? `${place}/../dev` : join(place, "dev"));
  }

  #describe(name: string): NamedDevice {
    const file = name.replaceAll("/", "!");
    const whole = join(this.#sysRoot, "block", file);
    const size = readText(join(whole, "size"));
    const isPartition = size === "";
    const partSize = isPartition ? readText(join(this.#sysRoot, "class/block", file, "size")) : "";
    const isReal =
      !NO_DISK.test(name) &&
      size !== "0" &&
      partSize !== "0" &&
      readText(join(whole, "hidden")) !== "1";
    const liesOnOthers = ON_OTHERS.test(name) || namesIn(join(whole, "slaves")).length > 0;
    const isGround = isReal && !isPartition && !liesOnOthers;
    return { path: `/dev/${name}`, isReal, isPartition, isGround };
  }
}
