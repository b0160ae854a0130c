import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { DiskStores } from "../../../../agent/runtimes/disk/disk-stores.ts";
import type { EngineContainer } from "../../../../agent/runtimes/runtime.ts";

const ID = "67f7f525edeecd061fd6c5b39bb35f117645edc2080bed94dc797ec9c231ef72";
const OTHER = "ab".repeat(32);
const SYSTEM = `/system.slice/docker-${ID}.scope`;
const USERS = `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope`;

/** As Docker 20.10 writes it, shortened. */
const CONFIG = {
  StreamConfig: {},
  State: {
    Running: true,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Pid: 1234,
    ExitCode: 0,
    StartedAt: "2026-11-21T14:05:15.12345678Z",
    FinishedAt: "0001-01-01T00:00:00Z",
    Health: { Status: "starting", FailingStreak: 0, Log: [] },
  },
  ID,
  Created: "2026-11-21T14:05:14.039174901Z",
  Managed: false,
  Path: "sleep",
  Args: ["1000"],
  Config: {
    Hostname: "67f7f525edee",
    Env: ["APP_MODE=fast", "SECRET=y"],
    Image: "nginx:1.29",
    Labels: { "com.docker.compose.project": "shop", team: "blue" },
  },
  Image: "sha256:d02db96a18249a56fa48cf649af9a0a7e7531b330b620bcd14eeb2b16ead20bc",
  Name: "/shop-web-1",
  Driver: "overlay2",
  RestartCount: 2,
};

const DOCKER: EngineContainer = {
  id: ID,
  runtime: "docker",
  name: "shop-web-1",
  image: "nginx:1.29",
  labels: { "com.docker.compose.project": "shop", team: "blue" },
  state: "running",
  createdAt: "2026-11-21T14:05:14.039174901Z",
  startedAt: "2026-11-21T14:05:15.12345678Z",
  restarts: 2,
  env: { app_mode: "fast" },
};

/** Recorded from Podman 4.3. */
const PODMAN = String.raw`[{"id":"${ID}","names":["web"],"image":"d02db96a18249a56fa48cf649af9a0a7e7531b330b620bcd14eeb2b16ead20bc","layer":"71d457805e18fbbce48e39aba9ba01327bdddca7244ee72332ea8c2cb532a889","metadata":"{\"image-name\":\"localhost/box:1\",\"image-id\":\"d02db96a18249a56fa48cf649af9a0a7e7531b330b620bcd14eeb2b16ead20bc\",\"name\":\"web\",\"created-at\":1795269913}","created":"2026-11-21T14:05:14.039174901Z","flags":{"MountLabel":"","ProcessLabel":""}}]`;

let rootfs: string;
let stores: DiskStores;
let failures: string[];

function write(path: string, text: string): void {
  const file = join(rootfs, path);
  mkdirSync(dirname(file), { recursive: true });
  // As engines do: readers see the old one or the new one.
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function writeDocker(config: unknown = CONFIG, root = "var/lib/docker", id = ID): void {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  write(join(root, "containers", id, "config.v2.json"), text);
}

function read(cgroup = SYSTEM, id = ID): Promise<EngineContainer | undefined> {
  return stores.read(id, cgroup, ({ reason }) => failures.push(reason));
}

beforeEach(() => {
  rootfs = mkdtempSync(join(tmpdir(), "plimsoll-disk-"));
  failures = [];
  stores = new DiskStores({
    rootfs,
    dockerRoot: "/var/lib/docker",
    podmanRoot: "/var/lib/containers/storage",
    envPrefixes: ["APP_"],
  });
});
afterEach(() => rmSync(rootfs, { recursive: true, force: true }));

describe("Docker's folder", () => {
  it("tells who a container is, without what is only true while the engine says it", async () => {
    expect(await read()).toBeUndefined();
    writeDocker();
    expect(await read()).toEqual(DOCKER);
    expect(failures).toEqual([]);
  });

  it("is read again when the file has changed, and only then", async () => {
    writeDocker();
    const first = await read();
    expect(await read()).toBe(first);
    writeDocker({ ...CONFIG, Name: "/renamed", State: { ...CONFIG.State, Paused: true } });
    expect(await read()).toEqual({ ...DOCKER, name: "renamed", state: "paused" });
    rmSync(join(rootfs, "var/lib/docker"), { recursive: true });
    expect(await read()).toBeUndefined();
    writeDocker();
    expect(await read()).toEqual(DOCKER);
    expect(failures).toEqual([]);
  });

  it.each([
    ["half a file", JSON.stringify(CONFIG).slice(0, 300), "malformed"],
    ["nothing", "", "malformed"],
    ["a list", "[]", "malformed"],
    ["another container's", { ...CONFIG, ID: OTHER }, "malformed"],
    ["one without a name", { ...CONFIG, Name: 7 }, "malformed"],
    ["one that is too large", { ...CONFIG, More: "x".repeat(2 ** 20) }, "too_large"],
  ])("%s leaves that container nameless, and is counted once", async (_, config, reason) => {
    writeDocker(config);
    writeDocker({ ...CONFIG, ID: OTHER }, undefined, OTHER);
    expect(await read()).toBeUndefined();
    expect(await read()).toBeUndefined();
    expect(failures).toEqual([reason]);
    expect(await read(SYSTEM, OTHER)).toMatchObject({ name: "shop-web-1" });
    writeDocker();
    expect(await read()).toEqual(DOCKER);
    expect(failures).toEqual([reason]);
  });

  it("whatever the fields hold, nothing is thrown", async () => {
    for (const Config of [null, [], 7, { Labels: null, Env: {} }, { Labels: { a: 1 } }]) {
      writeDocker({ ...CONFIG, Config, State: Config, RestartCount: "x", Created: {} });
      expect(await read()).toMatchObject({ name: "shop-web-1" });
    }
  });
});

describe("links", () => {
  it("may be the folder itself", async () => {
    writeDocker(CONFIG, "data/docker");
    mkdirSync(join(rootfs, "var/lib"), { recursive: true });
    symlinkSync("../../data/docker", join(rootfs, "var/lib/docker"));
    expect(await read()).toEqual(DOCKER);
  });

  it("are not followed below it, nor is anything but a file read", async () => {
    const containers = join(rootfs, "var/lib/docker/containers");
    writeDocker(CONFIG, "elsewhere");
    const there = join(rootfs, "elsewhere/containers", ID);
    mkdirSync(containers, { recursive: true });
    symlinkSync(there, join(containers, ID));
    expect(await read()).toBeUndefined();
    rmSync(join(containers, ID));
    mkdirSync(join(containers, ID));
    symlinkSync(join(there, "config.v2.json"), join(containers, ID, "config.v2.json"));
    expect(await read()).toBeUndefined();
    rmSync(join(containers, ID, "config.v2.json"));
    mkdirSync(join(containers, ID, "config.v2.json"));
    expect(await read()).toBeUndefined();
    expect(failures).toEqual(["link", "no_file"]);
  });
});

describe("Podman's storage", () => {
  it("tells name and image, and no labels", async () => {
    write("var/lib/containers/storage/overlay-containers/containers.json", PODMAN);
    expect(await read(`/machine.slice/libpod-${ID}.scope`)).toEqual({
      id: ID,
      runtime: "podman",
      name: "web",
      image: "localhost/box:1",
      labels: {},
      state: "running",
      createdAt: "2026-11-21T14:05:14.039174901Z",
    });
    expect(await read(SYSTEM, OTHER)).toBeUndefined();
    expect(failures).toEqual([]);
  });

  it("one bad entry does not hurt the others, a bad file not the other file", async () => {
    const [entry] = JSON.parse(PODMAN) as [object];
    const bad = [null, 7, { id: OTHER }, { id: 1, names: ["x"] }, { ...entry, metadata: "{" }];
    write(
      "var/lib/containers/storage/vfs-containers/volatile-containers.json",
      JSON.stringify(bad),
    );
    write("var/lib/containers/storage/overlay-containers/containers.json", "{");
    expect(await read()).toMatchObject({ name: "web" });
    expect(await read(SYSTEM, OTHER)).toBeUndefined();
    expect(failures).toEqual(["malformed"]);
  });
});

describe("a user's own engine", () => {
  beforeEach(() => {
    write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n");
    writeDocker(CONFIG, "home/ana/.local/share/docker");
  });

  it("is believed about that user's cgroups alone", async () => {
    expect(await read(USERS)).toEqual(DOCKER);
    expect(await read()).toBeUndefined();
    expect(await read(USERS.replaceAll("1000", "1001"))).toBeUndefined();
    expect(await read(USERS.replaceAll("1000", "0"))).toBeUndefined();
    expect(failures).toEqual([]);
  });

  it("goes after the machine's", async () => {
    writeDocker({ ...CONFIG, Name: "/of-root" });
    expect(await read(USERS)).toMatchObject({ name: "of-root" });
  });

  it("is nobody's if the user is not known", async () => {
    write("etc/passwd", "odd\n::::::\nana:x:1000:1000:::/bin/sh\n");
    expect(await read(USERS)).toBeUndefined();
  });
});
