import { version } from "../../../lib/version.ts";
import type { Cache } from "../../machine/caches.ts";
import type { HugepagePool } from "../../machine/hugepages.ts";
import type { Machine } from "../../machine/machine.ts";
import type { NodeCore, NumaNode } from "../../machine/numa.ts";
import type { AgentView } from "../route.ts";
import type { GoObject, GoValue } from "./go-json.ts";
import { goTime } from "./go-time.ts";
import { whole } from "./sample.ts";

/** What cAdvisor says since it no longer looks for a cloud. */
const UNKNOWN = "Unknown";

/** A list that is empty is none at all, as Go has it. */
function orNull(list: readonly GoValue[]): GoValue {
  return list.length === 0 ? null : list;
}

function hugepagesOf(pools: readonly HugepagePool[]): GoValue {
  return orNull(pools.map(({ pageSize, pages }) => ({ page_size: pageSize, num_pages: pages })));
}

function encodeCache({ id, sizeBytes, type, level }: Cache): GoObject {
  return { id, size: sizeBytes, type, level };
}

function encodeCore(core: NodeCore): GoObject {
  return {
    core_id: core.id,
    thread_ids: core.threads,
    caches: orNull(core.caches.map(encodeCache)),
    uncore_caches: orNull(core.uncoreCaches.map(encodeCache)),
    socket_id: core.socketId,
    book_id: core.bookId,
    drawer_id: core.drawerId,
  };
}

function encodeNode(node: NumaNode): GoObject {
  return {
    node_id: node.id,
    memory: node.memoryBytes ?? 0,
    hugepages: hugepagesOf(node.hugepages),
    cores: orNull(node.cores.map(encodeCore)),
    caches: orNull(node.caches.map(encodeCache)),
    distances: orNull(node.distances),
  };
}

function diskMap({ disks }: Machine): GoValue {
  return new Map(
    disks.map(({ name, major, minor, sizeBytes: size, scheduler }): [string, GoValue] => [
      `${major}:${minor}`,
      { name, major, minor, size, scheduler },
    ]),
  );
}

function networkDevices({ networkDevices: devices }: Machine): GoValue {
  return orNull(
    devices.map(({ name, macAddress, speed, mtu }) => ({
      name,
      mac_address: macAddress,
      // The kernel's own word for "no link".
      speed: speed ?? -1,
      mtu,
    })),
  );
}

function filesystemsOf({ rest }: AgentView): GoValue {
  return orNull(
    rest.filesystems().map(({ device, limit, type, inodes }) => ({
      device,
      capacity: whole(limit),
      type,
      inodes: whole(inodes),
      has_inodes: !Number.isNaN(inodes),
    })),
  );
}

/** The parts that machine and attributes have in common, in their order. */
function devicesOf(view: AgentView): GoObject {
  const { machine } = view;
  return {
    filesystems: filesystemsOf(view),
    disk_map: diskMap(machine),
    network_devices: networkDevices(machine),
    topology: orNull(machine.nodes.map(encodeNode)),
    cloud_provider: UNKNOWN,
    instance_type: UNKNOWN,
  };
}

/** `machine`: the hardware. */
export function machineInfoOf(view: AgentView): GoObject {
  const { machine } = view;
  return {
    timestamp: goTime(machine.readAt),
    vendor_id: machine.vendorId,
    num_cores: machine.cpuCores,
    num_physical_cores: machine.physicalCores ?? 0,
    num_sockets: machine.sockets ?? 0,
    num_books: machine.books,
    num_drawers: machine.drawers,
    cpu_frequency_khz: whole(machine.cpuFrequencyKhz ?? 0),
    memory_capacity: machine.memoryBytes,
    swap_capacity: machine.swapBytes ?? 0,
    memory_by_type: new Map(
      machine.dimms.map(({ type, count, capacityBytes }): [string, GoValue] => [
        type,
        { capacity: capacityBytes, dimm_count: count },
      ]),
    ),
    nvm: {
      memory_mode_capacity: 0,
      // The blank is cAdvisor's own.
      "app direct_mode_capacity": machine.persistentMemoryBytes ?? 0,
      avg_power_budget: 0,
    },
    hugepages: hugepagesOf(machine.hugepages),
    machine_id: machine.machineId,
    system_uuid: machine.systemUuid,
    boot_id: machine.bootId,
    ...devicesOf(view),
    instance_id: "",
  };
}

/** `attributes`: hardware and software. */
export function attributesOf(view: AgentView): GoObject {
  const { machine, rest } = view;
  return {
    kernel_version: machine.kernelVersion,
    container_os_version: machine.osVersion,
    docker_version: view.engineVersion("docker") ?? "",
    docker_api_version: rest.apiVersion("docker") ?? "",
    cadvisor_version: version,
    num_cores: machine.cpuCores,
    cpu_frequency_khz: whole(machine.cpuFrequencyKhz ?? 0),
    memory_capacity: machine.memoryBytes,
    machine_id: machine.machineId,
    system_uuid: machine.systemUuid,
    hugepages: hugepagesOf(machine.hugepages),
    ...devicesOf(view),
  };
}
