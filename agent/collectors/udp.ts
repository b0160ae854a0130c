import { UDP_STATES, udpSeries } from "../../wire/metrics/udp.ts";
import { parseDigits } from "../cgroup/parse.ts";
import type { Collector } from "./collector.ts";
import { openSocketLists, parseHex, wordAt } from "./socket-list.ts";
import { Turns } from "./turns.ts";

const COLON = 58;
const SPACE = 32;

/** The numbers of the columns `tx_queue:rx_queue` and `drops`. */
const QUEUES = 4;
const DROPS = 12;

const QUEUE_DIGITS = 8;

/** Adds a line of `net/udp` or `net/udp6`: what waits to be sent stands before what waits to be read. */
export function addUdp(bytes: Uint8Array, from: number, end: number, counts: Float64Array): void {
  const queues = wordAt(bytes, from, end, QUEUES);
  const colon = bytes.indexOf(COLON, queues);
  if (colon === -1 || colon >= end) return;
  const sent = parseHex(bytes, queues, colon);
  let behind = colon + 1;
  while (behind < end && bytes[behind] !== SPACE) behind++;
  if (colon - queues !== QUEUE_DIGITS || behind - colon - 1 !== QUEUE_DIGITS) return;
  const received = parseHex(bytes, colon + 1, behind);
  const drops = wordAt(bytes, behind, end, DROPS - QUEUES - 1);
  let last = drops;
  while (last < end && bytes[last] !== SPACE) last++;
  const added = [1, parseDigits(bytes, drops, last), received, sent];
  if (added.some(Number.isNaN)) return;
  for (const [place, value] of added.entries()) counts[place] = (counts[place] ?? 0) + value;
}

const turns = new Turns(() => performance.now());

/** UDP sockets, what waits in them and what they dropped. */
export const udp: Collector = {
  name: "udp",
  group: "udp",
  metrics: [],
  series: udpSeries,
  open: (cgroup, host) =>
    openSocketLists(cgroup, host, {
      lists: ["udp", "udp6"],
      label: "udp_state",
      states: UDP_STATES,
      add: addUdp,
      turns,
    }),
};
