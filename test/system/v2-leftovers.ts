import { expect, test } from "vitest";

import { seriesValue } from "./ask.ts";
import { numberIn, type Subject, type TellOf } from "./v2-subject.ts";

type Kills = Subject & {
  readonly above: string;
  readonly stays: string;
  readonly goes: string;
  readonly id: string;
};

interface Layer {
  readonly driver: string;
  readonly truth: { readonly bytes: number; readonly inodes: number; readonly volume: number };
  readonly limit: number;
  readonly page: string;
}

const KILLS = "container_oom_events_total";

/** What stays when processes have gone: kills, and what they have written. */
export function testLeftovers(tellOf: TellOf): void {
  test("has every kill for the lack of memory: below, in what is gone, and after a restart", () => {
    const subject = tellOf("kills") as Kills;
    const { page, above, stays, goes, id } = subject;
    const kills = (label: string): number | undefined => seriesValue(page, KILLS, [label]);
    expect(numberIn(subject, "memory.events", "oom_kill")).toBe(3);
    expect(kills(`id="${above}"`)).toBe(3);
    expect(kills(`id="${stays}"`)).toBe(1);
    expect(kills(`id="${goes}"`)).toBe(2);
    const mortal = page.split("\n").filter((line) => line.startsWith(`${KILLS}{`));
    expect(mortal.filter((line) => line.includes(id))).toEqual([
      `${KILLS}{id="/system.slice/docker-${id}.scope",image="busybox:1",name="mortal"} 2`,
    ]);
    expect(kills('{id="/"')).toBeGreaterThanOrEqual(5);
  });

  test("has what a container has written into its layer and its volume", () => {
    const { driver, truth, limit, page } = tellOf("layer") as Layer;
    const said = (family: string): number | undefined => seriesValue(page, family, []);
    expect(driver).toBe("overlay2");
    expect(truth.bytes).toBeGreaterThanOrEqual(700 * 4096);
    expect(said("container_fs_usage_bytes")).toBe(truth.bytes);
    expect(said("container_fs_inodes_total")).toBe(truth.inodes);
    expect(said("container_fs_inodes_free")).toBeUndefined();
    expect(said("container_fs_limit_bytes")).toBe(limit);
    expect(truth.volume).toBeGreaterThanOrEqual(50 * 4096);
    expect(seriesValue(page, "container_volume_usage_bytes", ['volume="kept"'])).toBe(truth.volume);
  });
}
