import { readFileSync, writeFileSync } from "node:fs";

import { startDocker } from "../test/testbed/docker.ts";
import { freePort } from "../test/testbed/port.ts";
import { sleep } from "../test/testbed/wait.ts";
import {
  decodeSamples,
  type FeedContainer,
  type FeedHead,
  type FeedSamples,
  mapColumns,
} from "../wire/feed.ts";
import { plimsoll } from "./candidate.ts";

/** A container as a real agent has told of it. */
export interface RecordedContainer {
  readonly container: NonNullable<FeedContainer["container"]>;
  readonly samples: FeedSamples;
}

/** What a fleet is made of: a minute of a real agent's feed. */
export interface Recording {
  readonly head: FeedHead;
  readonly machine: RecordedContainer;
  readonly containers: readonly RecordedContainer[];
}

/** An idle one, two that work a little each second, and one that writes to its disk. */
const COMMANDS: readonly (readonly string[])[] = [
  ["sleep", "100000"],
  ["sh", "-c", "while sleep 1; do :; done"],
  ["sh", "-c", "while sleep 0.3; do cat /proc/self/status > /dev/null; done"],
  ["sh", "-c", "while sleep 2; do dd if=/dev/zero of=/x bs=64k count=4 conv=fsync; done 2>&1"],
];

/** An agent has its whole minute by then. */
const MINUTE_MS = 70_000;

/** Writes the feed of a real agent over an engine of its own with real containers to a file. */
export async function record(path: string): Promise<void> {
  const engine = await startDocker();
  try {
    for (const [at, cmd] of COMMANDS.entries()) await engine.run({ name: `fleet-${at}`, cmd });
    const port = await freePort();
    const child = await plimsoll({ docker: engine.host }).start(port);
    try {
      await sleep(MINUTE_MS);
      const feed = await fetch(`http://127.0.0.1:${port}/stats/feed`);
      writeFileSync(path, await feed.text());
    } finally {
      await child.stop({ timeoutMs: 10_000 });
    }
  } finally {
    await engine.close();
  }
}

/** Reads what `record` has written: the machine and its own containers, nothing else. */
export function readRecording(path: string): Recording {
  const [first = "", ...rest] = readFileSync(path, "utf8").trimEnd().split("\n");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own agent has written it
  const head = JSON.parse(first) as FeedHead;
  const places = mapColumns(head.columns, head.columns);
  const all = rest.slice(0, -1).flatMap((text) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
    const line = JSON.parse(text) as FeedContainer;
    if (line.container === undefined) return [];
    return [{ container: line.container, samples: decodeSamples(line, places, places.length) }];
  });
  const machine = all.find(({ container }) => container.id === "/");
  const containers = all.filter(({ container }) => container.name.startsWith("fleet-"));
  if (machine === undefined || containers.length === 0) {
    throw new Error(`cannot use ${path}: it has no machine or no containers`);
  }
  return { head, machine, containers };
}
