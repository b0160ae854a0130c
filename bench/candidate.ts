import { fileURLToPath } from "node:url";

import { type Child, startChild } from "../test/testbed/child.ts";

const CLI = fileURLToPath(new URL("../cli.js", import.meta.url));
const LOOP_DELAY = new URL("loop-delay.js", import.meta.url).href;

/** A program to be measured. */
export interface Candidate {
  readonly name: string;
  start(port: number): Promise<Child>;
}

/** Which engine it follows; none that is there unless one is given. */
interface CandidateOptions {
  readonly docker?: string;
  readonly watch?: boolean;
  /** More arguments of its own. */
  readonly args?: readonly string[];
}

/** Without an engine unless one is given. `watch` has it tell the longest block of its event loop. */
export function plimsoll({
  docker = "/nowhere.sock",
  watch = false,
  args = [],
}: CandidateOptions = {}): Candidate {
  return {
    name: "plimsoll",
    start: (port) =>
      startChild({
        command: process.execPath,
        args: [
          ...(watch ? ["--import", LOOP_DELAY] : []),
          CLI,
          "agent",
          "--listen",
          `127.0.0.1:${port}`,
          "--docker-host",
          docker,
          ...args,
        ],
      }),
  };
}

/** Every second, without backing off; its default groups, which are ours. */
export function cadvisor(
  path: string,
  { docker = "unix:///nowhere.sock", args = [] }: CandidateOptions = {},
): Candidate {
  return {
    name: "cadvisor",
    start: (port) =>
      startChild({
        command: path,
        args: [
          `--port=${port}`,
          "--listen_ip=127.0.0.1",
          `--docker=${docker}`,
          "--housekeeping_interval=1s",
          "--allow_dynamic_housekeeping=false",
          "--logtostderr",
          ...args,
        ],
      }),
  };
}
