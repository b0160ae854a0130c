import { describe, expect, it } from "vitest";

import { writeMachine } from "../../../agent/api/families/machine.ts";
import { type Machine, UNKNOWN_MACHINE } from "../../../agent/machine/machine.ts";
import { Page } from "../../../wire/exposition/page.ts";
import { machineMetrics } from "../../../wire/metrics/machine.ts";

/** The series of a machine, without those of the families that are the same in every test. */
function seriesOf(machine: Partial<Machine>): string[] {
  const page = new Page();
  const names = { machineId: "m", systemUuid: "s", bootId: "b" };
  const all = { ...UNKNOWN_MACHINE, isStale: false, ...names, ...machine };
  writeMachine(page, "prometheus", all, machineMetrics);
  return page
    .finish()
    .toString()
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace('boot_id="b",machine_id="m",system_uuid="s"', "…"));
}

const l1 = { id: 0, level: 1, type: "Data", sizeBytes: 32_768 };
const l2 = { id: 1, level: 2, type: "Unified", sizeBytes: 65_536 };
const l3 = { id: 0, level: 3, type: "Unified", sizeBytes: 131_072 };

const machine: Partial<Machine> = {
  nodes: [
    {
      id: 0,
      memoryBytes: 4096,
      hugepages: [{ pageSize: 2048, pages: 3 }],
      distances: [10, 21],
      caches: [l3],
      cores: [{ id: 4, coreId: 4, socketId: 0, threads: [0, 2], caches: [l1], uncoreCaches: [l2] }],
    },
    { id: 2, memoryBytes: undefined, hugepages: [], distances: [21, 10], caches: [], cores: [] },
  ],
};

describe("the families of a machine", () => {
  it("an unknown one has none but the error", () => {
    expect(seriesOf({})).toEqual(["machine_scrape_error 0"]);
    expect(seriesOf({ isStale: true })).toEqual(["machine_scrape_error 1"]);
  });

  it("numbers carry the names of the machine", () => {
    const numbers = { cpuCores: 4, physicalCores: 2, sockets: 1, books: 3, drawers: 1 };
    expect(seriesOf({ ...numbers, memoryBytes: 8192, swapBytes: 0 })).toEqual([
      "machine_cpu_books{…} 3",
      "machine_cpu_cores{…} 4",
      "machine_cpu_drawers{…} 1",
      "machine_cpu_physical_cores{…} 2",
      "machine_cpu_sockets{…} 1",
      "machine_memory_bytes{…} 8192",
      "machine_swap_bytes{…} 0",
      "machine_scrape_error 0",
    ]);
  });

  it("memory is told by module and by mode", () => {
    const dimms = [{ type: 'DDR"4', count: 2, capacityBytes: 1024 }];
    expect(seriesOf({ dimms, persistentMemoryBytes: 512 })).toEqual([
      'machine_dimm_capacity_bytes{…,type="DDR\\"4"} 1024',
      'machine_dimm_count{…,type="DDR\\"4"} 2',
      'machine_nvm_capacity{…,mode="app_direct_mode"} 512',
      "machine_scrape_error 0",
    ]);
  });

  it("the topology is told by node and core", () => {
    expect(seriesOf(machine)).toEqual([
      'machine_cpu_cache_capacity_bytes{…,node_id="0",core_id="4",type="Data",level="1"} 32768',
      'machine_cpu_cache_capacity_bytes{…,node_id="0",core_id="4",type="Unified",level="2"} 65536',
      'machine_cpu_cache_capacity_bytes{…,node_id="0",core_id="",type="Unified",level="3"} 131072',
      'machine_node_distance{…,node_id="0",target_node_id="0"} 10',
      'machine_node_distance{…,node_id="0",target_node_id="2"} 21',
      'machine_node_distance{…,node_id="2",target_node_id="0"} 21',
      'machine_node_distance{…,node_id="2",target_node_id="2"} 10',
      'machine_node_hugepages_count{…,node_id="0",page_size="2048"} 3',
      'machine_node_memory_capacity_bytes{…,node_id="0"} 4096',
      'machine_thread_siblings_count{…,node_id="0",core_id="4",thread_id="0"} 2',
      'machine_thread_siblings_count{…,node_id="0",core_id="4",thread_id="2"} 2',
      "machine_scrape_error 0",
    ]);
  });

  it("no two series have the same labels, whatever a kernel tells", () => {
    const [node] = machine.nodes ?? [];
    const twice = { ...node!, cores: [...node!.cores, ...node!.cores] };
    const series = seriesOf({ nodes: [twice] });
    expect(new Set(series).size).toBe(series.length);
  });
});
