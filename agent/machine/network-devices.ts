import { join } from "node:path";

import { namesIn, readNumber, readText } from "./sysfs.ts";

/** A network device of the machine. */
export interface NetworkDevice {
  readonly name: string;
  readonly macAddress: string;
  /** Mb/s; undefined where there is no link, or nothing that has a speed. */
  readonly speed: number | undefined;
  readonly mtu: number;
}

/** The loop, and what engines make for containers. */
const IGNORED = /^(?:lo$|veth|docker|nerdctl)/;

/** The devices of `/sys/class/net`. https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-class-net */
export function readNetworkDevices(sysRoot: string): NetworkDevice[] {
  const devices = join(sysRoot, "class/net");
  return namesIn(devices)
    .filter((name) => !IGNORED.test(name))
    .flatMap((name) => {
      const mtu = readNumber(join(devices, name, "mtu"));
      // `bonding_masters` is a file among them.
      if (mtu === undefined) return [];
      const speed = readNumber(join(devices, name, "speed"));
      return {
        name,
        macAddress: readText(join(devices, name, "address")),
        speed: speed === undefined || speed < 0 ? undefined : speed,
        mtu,
      };
    });
}
