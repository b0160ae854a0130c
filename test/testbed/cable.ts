import { existsSync } from "node:fs";

import { runToEnd } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { openRunFolder } from "./run-folder.ts";

/** A network namespace with one interface, `eth0`. */
export interface CableEnd {
  readonly netns: string;
  /** IPv4. */
  readonly address: string;
  /** What is longer than so many bytes of IP is dropped when it arrives. */
  setMtu(bytes: number): Promise<void>;
}

/** Two ends with nothing between them: no packet is on it that was not sent on purpose. */
export interface Cable {
  readonly ends: readonly [CableEnd, CableEnd];
  close(): Promise<void>;
}

interface End {
  netns: string;
  address: string;
  mac: string;
}

/** Lays a cable between two new network namespaces. Each end knows the other: neither asks around. */
export async function openCable(): Promise<Cable> {
  const run = await openRunFolder();
  // 198.18.0.0/15 is set aside for tests of networks (RFC 2544); nothing leads out of the two.
  const near = { netns: `${run.name}-near`, address: "198.18.0.1", mac: "02:00:00:00:00:01" };
  const far = { netns: `${run.name}-far`, address: "198.18.0.2", mac: "02:00:00:00:00:02" };
  try {
    for (const { netns } of [near, far]) {
      await runToEnd("ip", ["netns", "add", netns]);
      await switchOffIpv6(netns);
    }
    await ip(near, `link add eth0 type veth peer name eth0 netns ${far.netns}`);
    await plugIn(near, far);
    await plugIn(far, near);
    return { ends: [endOf(near), endOf(far)], close: () => removeRun(run.name) };
  } catch (error) {
    await removeRun(run.name);
    throw error;
  }
}

function endOf(end: End): CableEnd {
  const { netns, address } = end;
  return { netns, address, setMtu: (bytes) => ip(end, `link set eth0 mtu ${bytes}`) };
}

// With it every interface announces itself, some seconds after it has come.
async function switchOffIpv6(netns: string): Promise<void> {
  const setting = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
  if (!existsSync(setting)) return;
  await runToEnd("sh", ["-c", `echo 1 > ${setting}`], { netns });
}

async function plugIn(end: End, other: End): Promise<void> {
  await ip(end, `link set eth0 address ${end.mac}`);
  await ip(end, `address add ${end.address}/24 dev eth0`);
  await ip(end, "link set eth0 up");
  await ip(end, `neighbour replace ${other.address} lladdr ${other.mac} dev eth0 nud permanent`);
}

async function ip({ netns }: End, command: string): Promise<void> {
  await runToEnd("ip", ["-n", netns, ...command.split(" ")]);
}
