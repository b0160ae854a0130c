import { join } from "node:path";

import { type Check, told } from "../finding.ts";
import { isThere, textAt } from "../host-files.ts";
import type { Scene } from "../scene.ts";

/** Clocks that need no call into a hypervisor or a slow chip for each reading. */
const FAST = [
  "tsc",
  "kvm-clock",
  "arch_sys_counter",
  "hyperv_clocksource_tsc_page",
  "riscv_clocksource",
];

/** A step of the wall clock of more than this many milliseconds is told. */
const STEP_MS = 1000;

/** systemd-timesyncd touches the file when it has set the clock. */
const SYNCHRONISED = "run/systemd/timesync/synchronized";

/** Files of other programs that set clocks, told by what they keep. */
const KEEPERS = ["run/chrony", "run/ntpd.pid", "var/lib/ntp/drift", "var/lib/ntpsec/ntp.drift"];

function synchronisedBy({ rootfs }: Scene): string | undefined {
  if (isThere(join(rootfs, SYNCHRONISED))) return "systemd-timesyncd has set the clock";
  const keeper = KEEPERS.find((path) => isThere(join(rootfs, path)));
  return keeper === undefined ? undefined : `/${keeper} shows a program that sets the clock`;
}

/** The clock by which samples are named. */
export const clockCheck: Check = {
  subject: "clock",
  find(scene) {
    const { sysRoot, clock, clockOffset } = scene;
    const directory = join(sysRoot, "devices/system/clocksource/clocksource0");
    const source = textAt(join(directory, "current_clocksource")).trim();
    const step = clock.now() - clock.monotonic() - clockOffset;
    const keeper = synchronisedBy(scene);
    return [
      source === ""
        ? told("clock.source", "note", "the kernel does not say which clock it reads")
        : FAST.includes(source)
          ? told("clock.source", "ok", `the kernel reads ${source}`)
          : told(
              "clock.source",
              "note",
              `the kernel reads ${source}, which is slow: each sample costs more`,
              `see available_clocksource beside ${join(directory, "current_clocksource")}`,
            ),
      keeper === undefined
        ? told(
            "clock.synchronised",
            "note",
            "no sign that a program sets the clock by others (NTP)",
            "start systemd-timesyncd, chrony or ntpd, so that the nodes of a cluster agree on the second",
          )
        : told("clock.synchronised", "ok", keeper),
      Math.abs(step) > STEP_MS
        ? told(
            "clock.step",
            "note",
            `the clock was set by ${(step / 1000).toFixed(1)} s since this program began; rates are measured with another and stay right`,
          )
        : told("clock.step", "ok", "the clock was not set since this program began"),
    ];
  },
};
