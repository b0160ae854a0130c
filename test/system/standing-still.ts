import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { until } from "../testbed/wait.ts";
import { ask, askStats } from "./ask.ts";
import { type RawSample, rawSamples, type Said } from "./exactly.ts";
import { askFeed } from "./feed.ts";
import { type KernelTexts, V1_FILES, V2_FILES } from "./kernel-numbers.ts";

/** Reads what the kernel says of a cgroup: `folder` gives its directory under a controller. */
export async function readTexts(
  version: 1 | 2,
  folder: (controller: string) => string,
): Promise<KernelTexts> {
  const texts: Record<string, string> = {};
  for (const [controller, files] of Object.entries(version === 1 ? V1_FILES : V2_FILES)) {
    for (const file of files) {
      const path = join(folder(controller), file);
      // The averages of pressure go on changing when nothing happens any more.
      if (existsSync(path)) texts[file] = (await readFile(path, "utf8")).replaceAll(/avg\S+ /g, "");
    }
  }
  return texts;
}

/** The newest sample of a cgroup; undefined before the first. */
export async function newestSample(agent: string, cgroup: string): Promise<RawSample | undefined> {
  return rawSamples(await askFeed(agent), cgroup).at(-1);
}

/** What the agent says after it has taken a sample that begins after this call. */
export async function saidNext(agent: string, cgroup: string): Promise<Said> {
  const asked = Date.now();
  const sample = await until("the next sample", async () => {
    const newest = await newestSample(agent, cgroup);
    return newest !== undefined && newest.time > asked && newest;
  });
  const page = await ask(`${agent}/metrics`);
  const { containers } = await askStats(`${agent}/stats${cgroup}`);
  const stats = containers.find(({ id }) => id === cgroup);
  if (stats === undefined) throw new Error(`/stats has no ${cgroup}`);
  return { sample, page, stats };
}

/** Samples after which every file of a cgroup that stands still has been read again: some of them are read in every fifth only. */
export const WHOLE = 6;

/** Two readings of the kernel's files that say the same, and what the agent said in between, after so many samples. */
export function standingStill(
  agent: string,
  cgroup: string,
  read: () => Promise<KernelTexts>,
  samples = 1,
): Promise<{ texts: KernelTexts; said: Said }> {
  return until(
    "the kernel's numbers to stand still",
    async () => {
      const texts = await read();
      for (let sample = 1; sample < samples; sample++) await saidNext(agent, cgroup);
      const said = await saidNext(agent, cgroup);
      return JSON.stringify(await read()) === JSON.stringify(texts) && { texts, said };
    },
    { timeoutMs: 60_000 },
  );
}
