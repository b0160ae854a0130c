import { filesystem } from "../../collectors/filesystem.ts";
import type { MachineFilesystem } from "../../filesystems/usage.ts";
import type { AgentView } from "../route.ts";
import { RestError } from "./errors.ts";
import type { GoObject, GoValue } from "./go-json.ts";
import { goTime } from "./go-time.ts";
import { newestOf, positive, seriesOf, whole } from "./sample.ts";

/** cAdvisor's labels of filesystems; those of CRI-O are on none yet. */
const LABELS = ["root", "docker-images", "crio-images", "crio-containers"];

/** The devices that hold the writable layers of Docker's containers, which are where its images are. */
function dockerDevices({ window }: AgentView): Set<string> {
  const devices = new Set<string>();
  for (const tracked of window.live) {
    if (tracked.container.runtime !== "docker") continue;
    for (const { labels } of seriesOf(tracked, filesystem)) {
      if (labels["volume"] === undefined) devices.add(labels["device"] ?? "");
    }
  }
  return devices;
}

function labelsOf(
  { mountpoint, device }: MachineFilesystem,
  docker: ReadonlySet<string>,
): readonly string[] {
  return [mountpoint === "/" ? ["root"] : [], docker.has(device) ? ["docker-images"] : []].flat();
}

function encode(fs: MachineFilesystem, labels: readonly string[], time: string): GoObject {
  return {
    timestamp: time,
    device: fs.device,
    mountpoint: fs.mountpoint,
    capacity: whole(fs.limit),
    available: whole(fs.available),
    usage: whole(fs.usage),
    labels: labels.length === 0 ? null : labels,
    inodes: positive(fs.inodes),
    inodes_free: Number.isNaN(fs.inodesFree) ? undefined : whole(fs.inodesFree),
  };
}

/**
 * `storage`: the machine's filesystems, or those with a label. By the UUID of a filesystem nothing can
 * be found, as only its device itself tells that, which we don't read.
 */
export function storageOf(view: AgentView, query: URLSearchParams): GoValue {
  const uuid = query.get("uuid") ?? "";
  if (uuid !== "") throw new RestError("no such device");
  const label = query.get("label") ?? "";
  if (label !== "" && !LABELS.includes(label)) {
    throw new RestError(`non-existent label ${JSON.stringify(label)}`);
  }
  const machine = view.window.get("/");
  const time = machine === undefined ? Number.NaN : timeOf(newestOf(machine));
  const docker = dockerDevices(view);
  return view.rest
    .filesystems()
    .toSorted((a, b) => (a.device < b.device ? -1 : 1))
    .map((fs) => ({ fs, labels: labelsOf(fs, docker) }))
    .filter(({ labels }) => label === "" || labels.includes(label))
    .map(({ fs, labels }) => encode(fs, labels, goTime(time)));
}

function timeOf({ tracked, position }: ReturnType<typeof newestOf>): number {
  return tracked.ring.timeAt(position);
}
