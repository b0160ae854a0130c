import { TCP_STATES, tcpSeries } from "../../wire/metrics/tcp.ts";
import type { Collector } from "./collector.ts";
import { openSocketLists, parseHex, wordAt } from "./socket-list.ts";
import { Turns } from "./turns.ts";

/** The number of the column `st`. */
const STATE = 3;
const STATE_DIGITS = 2;

const SPACE = 32;

const SYN_RECEIVED = 3;
/** A connection that is asked for, in kernels that tell it from one that is being accepted. */
const NEW_SYN_RECEIVED = 12;

/** Counts a line of `net/tcp` or `net/tcp6` by its state. https://docs.kernel.org/networking/proc_net_tcp.html */
export function addTcp(bytes: Uint8Array, from: number, end: number, counts: Float64Array): void {
  const at = wordAt(bytes, from, end, STATE);
  let behind = at;
  while (behind < end && bytes[behind] !== SPACE) behind++;
  if (behind - at !== STATE_DIGITS) return;
  const number = parseHex(bytes, at, behind);
  const state = number === NEW_SYN_RECEIVED ? SYN_RECEIVED : number;
  if (state >= 1 && state <= counts.length) counts[state - 1] = (counts[state - 1] ?? 0) + 1;
}

const turns = new Turns(() => performance.now());

/** TCP sockets by state. */
export const tcp: Collector = {
  name: "tcp",
  group: "tcp",
  metrics: [],
  series: tcpSeries,
  open: (cgroup, host) =>
    openSocketLists(cgroup, host, {
      lists: ["tcp", "tcp6"],
      label: "tcp_state",
      states: TCP_STATES,
      add: addTcp,
      turns,
    }),
};
