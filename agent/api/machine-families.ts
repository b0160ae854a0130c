import {
  encodeHead,
  encodeLabels,
  encodeValue,
  type ExpositionFormat,
} from "../../wire/exposition/encode.ts";
import { machineMetrics } from "../../wire/metrics/machine.ts";
import type { Machine } from "../machine/machine.ts";

/** Writes the families about the machine itself. */
export function encodeMachineFamilies(machine: Machine, format: ExpositionFormat): string {
  const labels = encodeLabels({
    boot_id: machine.bootId,
    machine_id: machine.machineId,
    system_uuid: machine.systemUuid,
  });
  return machineMetrics
    .map(({ name, help, of }) => {
      const value = machine[of];
      if (value === undefined) return "";
      return `${encodeHead({ name, help, type: "gauge" }, format)}${name}{${labels}} ${encodeValue(value)}\n`;
    })
    .join("");
}
