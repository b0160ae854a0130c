import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import type { NameFiles } from "../../../agent/machine/names.ts";

/** A cache as a CPU's directory shows it. */
export interface FakeCache {
  readonly level: number;
  readonly type: string;
  readonly size: string;
  readonly cpus: string;
  readonly id?: number;
}

/** A CPU as its directory shows it. */
export interface FakeCpu {
  readonly core: number;
  readonly socket?: number;
  readonly threads: string;
  readonly book?: number;
  readonly drawer?: number;
  readonly caches?: readonly FakeCache[];
}

/** A folder that looks like the `/`, `/proc` and `/sys` of some machine. */
export class FakeMachine {
  readonly root: string = mkdtempSync(join(tmpdir(), "plimsoll-machine-"));
  readonly files: NameFiles = {
    rootfs: join(this.root, "rootfs"),
    procRoot: join(this.root, "proc"),
    sysRoot: join(this.root, "sys"),
    machineIdFiles: ["/etc/machine-id", "/var/lib/dbus/machine-id"],
    bootIdFiles: ["/proc/sys/kernel/random/boot_id"],
  };

  /** Writes files; those of the kernel end with a newline. */
  write(files: Readonly<Record<string, string | number>>): void {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.root, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${content}\n`);
    }
  }

  cpu(number: number, cpu: FakeCpu): void {
    const directory = `sys/devices/system/cpu/cpu${number}`;
    this.write({
      [`${directory}/topology/core_id`]: cpu.core,
      [`${directory}/topology/core_cpus_list`]: cpu.threads,
      ...(cpu.socket === undefined
        ? {}
        : { [`${directory}/topology/physical_package_id`]: cpu.socket }),
      ...(cpu.book === undefined ? {} : { [`${directory}/topology/book_id`]: cpu.book }),
      ...(cpu.drawer === undefined ? {} : { [`${directory}/topology/drawer_id`]: cpu.drawer }),
    });
    for (const [index, cache] of (cpu.caches ?? []).entries()) {
      const place = `${directory}/cache/index${index}`;
      this.write({
        [`${place}/level`]: cache.level,
        [`${place}/type`]: cache.type,
        [`${place}/size`]: cache.size,
        [`${place}/shared_cpu_list`]: cache.cpus,
        ...(cache.id === undefined ? {} : { [`${place}/id`]: cache.id }),
      });
    }
  }

  node(number: number, files: Readonly<Record<string, string | number>>): void {
    const directory = `sys/devices/system/node/node${number}`;
    for (const [path, content] of Object.entries(files)) {
      this.write({ [`${directory}/${path}`]: content });
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
