import { networkInterfaces } from "node:os";

import { runToEnd } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { openRunFolder } from "./run-folder.ts";

/** A host of a test's network: a network namespace with one cable to a switch. */
export interface Host {
  /** For the `netns` option of the servers here. */
  readonly netns: string;
  /** IPv4 address, reached by the other hosts and by the test itself. */
  readonly address: string;
  /** Pulls its cable: what is sent to it vanishes, as on a dead link. */
  cut(): Promise<void>;
  restore(): Promise<void>;
}

/** Hosts that reach each other over one switch. */
export interface Network {
  readonly hosts: readonly Host[];
  /** This machine's own address on the switch. */
  readonly address: string;
  close(): Promise<void>;
}

/** Makes so many hosts, a switch and the cables; nothing of it leads out of this machine. */
export async function openNetwork(hostCount: number): Promise<Network> {
  const run = await openRunFolder();
  try {
    // 198.18.0.0/15 is set aside for tests of networks (RFC 2544): no real network uses it.
    const subnet = freeSubnet();
    const hub = `${run.name}-switch`;
    await runToEnd("ip", ["netns", "add", hub]);
    await inNetns(hub, "link add br0 type bridge forward_delay 0");
    await inNetns(hub, "link set br0 up");
    const hosts: Host[] = [];
    for (let index = 1; index <= hostCount; index += 1) {
      hosts.push(await addHost(run.name, hub, index, `${subnet}.${index}`));
    }
    const address = `${subnet}.254`;
    await plugIn(hub, address);
    return { hosts, address, close: () => removeRun(run.name) };
  } catch (error) {
    await removeRun(run.name);
    throw error;
  }
}

async function addHost(run: string, hub: string, index: number, address: string): Promise<Host> {
  const netns = `${run}-h${index}`;
  const port = `port${index}`;
  await runToEnd("ip", ["netns", "add", netns]);
  await inNetns(hub, `link add ${port} type veth peer name eth0 netns ${netns}`);
  await inNetns(hub, `link set ${port} master br0`);
  await inNetns(hub, `link set ${port} up`);
  await inNetns(netns, `address add ${address}/24 dev eth0`);
  await inNetns(netns, "link set lo up");
  await inNetns(netns, "link set eth0 up");
  return {
    netns,
    address,
    // At the switch: the host keeps its address and routes, as with a cable pulled elsewhere.
    cut: () => inNetns(hub, `link set ${port} down`),
    restore: () => inNetns(hub, `link set ${port} up`),
  };
}

/** Gives the test itself a cable to the switch; it goes with the switch's namespace. */
async function plugIn(hub: string, address: string): Promise<void> {
  const cable = `plim-${address.split(".")[2]}`;
  await inNetns(hub, `link add outside type veth peer name ${cable} netns ${process.pid}`);
  await inNetns(hub, "link set outside master br0");
  await inNetns(hub, "link set outside up");
  await runToEnd("ip", ["address", "add", `${address}/24`, "dev", cable]);
  await runToEnd("ip", ["link", "set", cable, "up"]);
}

async function inNetns(netns: string, command: string): Promise<void> {
  await runToEnd("ip", ["-n", netns, ...command.split(" ")]);
}

function freeSubnet(): string {
  const taken = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address.split(".").slice(0, 3).join(".")),
  );
  const free = Array.from({ length: 256 }, (_, index) => `198.18.${index}`).find(
    (subnet) => !taken.includes(subnet),
  );
  if (free === undefined) throw new Error("cannot find a free network in 198.18.0.0/16");
  return free;
}
