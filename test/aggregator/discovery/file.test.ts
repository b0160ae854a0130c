import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Discovery, TargetGroup } from "../../../aggregator/discovery/discovery.ts";
import { fileSdConfigs } from "../../../aggregator/discovery/file.ts";
import { Fields } from "../../../lib/config/fields.ts";
import { addressesOf, discoveryContext, discoveryKeepsItsPromises, type Place } from "./suite.ts";

const list = (targets: readonly string[]): string => JSON.stringify([{ targets }]);

async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "plimsoll-file-sd-"));
  const file = join(folder, "targets.json");
  const write = async (text: string): Promise<void> => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  return {
    create: (context) =>
      fileSdConfigs.parse(new Fields({ files: ["*.json"], refresh_interval: "1s" }, "[0]"))({
        ...context,
        folder,
      }),
    show: (addresses) => write(list(addresses)),
    fail: () => write("[{"),
    close: () => rm(folder, { recursive: true }),
  };
}

discoveryKeepsItsPromises("file", { open: openPlace });

describe("file_sd_configs", () => {
  let folder: string;
  let discoveries: Discovery[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "plimsoll-file-sd-"));
    discoveries = [];
  });
  afterEach(async () => {
    for (const discovery of discoveries) await discovery.close();
    await rm(folder, { recursive: true });
  });

  /** Starts one; answers what it says last and how it goes. */
  function start(config: object): {
    readonly last: () => readonly TargetGroup[] | undefined;
    discovery: Discovery;
  } {
    const discovery = fileSdConfigs.parse(new Fields(config, "[0]"))(discoveryContext([], folder));
    discoveries.push(discovery);
    let last: readonly TargetGroup[] | undefined;
    discovery.start((groups) => (last = groups));
    return { last: () => last, discovery };
  }

  test("YAML's values are the texts that stand there", async () => {
    const yaml = `
- targets: [a:1, "b:2"]
  labels:
    port: 007
    big: 1e3
    yes: true
- targets:
  - c:3
  labels:
`;
    await writeFile(join(folder, "x.yml"), yaml);
    const { last } = start({ files: ["x.yml"] });
    const path = join(folder, "x.yml");
    await expect.poll(last).toEqual([
      {
        source: `${path}:0`,
        labels: { port: "007", big: "1e3", yes: "true", __meta_filepath: path },
        targets: [{ __address__: "a:1" }, { __address__: "b:2" }],
      },
      { source: `${path}:1`, labels: { __meta_filepath: path }, targets: [{ __address__: "c:3" }] },
    ]);
  });

  test("a change is seen long before the interval is over", async () => {
    await writeFile(join(folder, "a.json"), list(["a:1"]));
    const { last } = start({ files: ["*.json", "a.json"], refresh_interval: "1h" });
    await expect.poll(() => addressesOf(last())).toEqual(["a:1"]);
    await writeFile(join(folder, "b.json"), list(["b:2"]));
    await expect.poll(() => addressesOf(last()), { timeout: 10_000 }).toEqual(["a:1", "b:2"]);
    await rm(join(folder, "a.json"));
    await expect.poll(() => addressesOf(last()), { timeout: 10_000 }).toEqual(["b:2"]);
  });

  test("a broken file keeps its own last list and hurts no other", async () => {
    await writeFile(join(folder, "a.json"), list(["a:1"]));
    await writeFile(join(folder, "b.json"), list(["b:2"]));
    const { last, discovery } = start({ files: ["*.json"], refresh_interval: "1h" });
    await expect.poll(() => addressesOf(last())).toEqual(["a:1", "b:2"]);
    await writeFile(join(folder, "a.json"), "{}");
    await expect.poll(() => discovery.state().trouble, { timeout: 10_000 }).toContain("a.json");
    await writeFile(join(folder, "b.json"), list(["b:3"]));
    await expect.poll(() => addressesOf(last()), { timeout: 10_000 }).toEqual(["a:1", "b:3"]);
  });

  test.for([
    [{}, "[0].files is missing"],
    [{ files: ["*/a.json"] }, "[0].files[0] must end in .json"],
    [{ files: ["a.txt"] }, "[0].files[0] must end in .json"],
    [{ files: ["a.yml"], refresh_interval: "0" }, "[0].refresh_interval must be longer than 0"],
    [{ files: ["a.yml"], file: 1 }, "[0].file is unknown; did you mean files?"],
  ] as const)("%j: %s", ([config, complaint]) => {
    expect(() => fileSdConfigs.parse(new Fields(config, "[0]"))).toThrow(complaint);
  });
});
