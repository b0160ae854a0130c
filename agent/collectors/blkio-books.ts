import { join } from "node:path";

import { placeOf } from "../../wire/metrics/disk-io.ts";
import type { BlkioPolicies } from "./blkio-policies.ts";
import { type BookFile, type Books, isDevice, placesOf, put, putUsage } from "./disk-books.ts";

const NANOSECONDS = 1e9;
const IN_PROGRESS = placeOf("inProgress");

/** What a file's operations are to us. */
interface Format {
  readonly file: string;
  readonly places: Readonly<Record<string, number>>;
  readonly scale?: number;
  /** Every kind of operation is a number of its own. */
  readonly isUsage?: boolean;
}

const BYTES: Format = {
  file: "io_service_bytes",
  places: placesOf({ Read: "readBytes", Write: "writtenBytes" }),
  isUsage: true,
};

const COUNTS: Format = {
  file: "io_serviced",
  places: placesOf({ Read: "reads", Write: "writes" }),
};

/** What a scheduler keeps beside that, in a kernel that was built for it. `sectors` tell no direction. */
const OF_SCHEDULERS: readonly Format[] = [
  {
    file: "io_service_time",
    places: placesOf({ Read: "readSeconds", Write: "writeSeconds", Total: "busySeconds" }),
    scale: NANOSECONDS,
  },
  {
    file: "io_merged",
    places: placesOf({ Read: "readsMerged", Write: "writesMerged" }),
  },
  { file: "io_queued", places: { Total: IN_PROGRESS } },
];

/** Lines `8:0 Read 4096`. https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html */
export function parseBlkio(
  text: string,
  { places, scale = 1, isUsage = false }: Omit<Format, "file">,
  into: Books,
): void {
  for (const line of text.split("\n").slice(0, -1)) {
    const [device = "", operation = "", value, more] = line.split(" ");
    // The last line, `Total 4096`, is of all devices.
    if (value === undefined || more !== undefined || !isDevice(device)) continue;
    const place = places[operation];
    if (place !== undefined) put(into, device, place, value, scale);
    if (isUsage) putUsage(into, device, operation, value);
  }
}

/** The files of a cgroup of v1, by policy. */
export function booksOf(directory: string, blkio: BlkioPolicies): BookFile[][] {
  return blkio.policies.map((policy) => {
    const formats = [BYTES, COUNTS, ...(blkio.isScheduler(policy) ? OF_SCHEDULERS : [])];
    return formats.map((format) => ({
      path: join(directory, `${policy}.${format.file}_recursive`),
      parse: (text, into) => parseBlkio(text, format, into),
    }));
  });
}

/** Whether some operation is waiting or under way, as far as is known. */
export function isInProgress({ devices }: Books): boolean {
  return [...devices.values()].some((values) => (values[IN_PROGRESS] ?? 0) > 0);
}
