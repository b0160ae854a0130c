import { readFile, readlink } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { burnCpu } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { startDocker, type Engine } from "../testbed/docker.ts";
import { findLeftovers } from "../testbed/leftovers.ts";
import { commandPath } from "../testbed/parts.ts";
import { prepareVm, runInVm } from "../testbed/vm.ts";
import { within } from "../testbed/wait.ts";

describeWith(["docker"], "an engine of the test bed", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startDocker();
  });
  afterAll(() => engine.close());

  test("runs a container under its limits, and kills it", async () => {
    const container = await engine.run({
      name: "burner",
      cmd: burnCpu,
      cpus: 0.5,
      memoryBytes: 64 << 20,
      labels: { tier: "test" },
    });

    const { HostConfig, Config, State } = await container.api.inspect();
    expect(HostConfig.Memory).toBe(64 << 20);
    expect(Config.Labels["tier"]).toBe("test");
    expect(State.Running).toBe(true);
    const groups = await readFile(`/proc/${container.pid}/cgroup`, "utf8");
    expect(groups).toContain(`${engine.cgroupParent}/${container.id}`);

    await container.kill();
    expect((await container.api.inspect()).State.ExitCode).toBe(137);
  });

  test("hangs, dies and comes back when told to", async () => {
    await engine.freeze();
    const answer = engine.api.ping();
    await expect(within("an answer", 300, answer)).rejects.toThrow("not within 0.3 s");
    engine.thaw();
    expect(String(await answer)).toBe("OK");

    await engine.die();
    await expect(engine.api.ping()).rejects.toThrow(/ECONNREFUSED/);
    await engine.revive();
    expect(String(await engine.api.ping())).toBe("OK");
  });
});

describeWith(["docker"], "after an engine has closed", () => {
  test("nothing of it is left", async () => {
    const engine = await startDocker({ bridge: true });
    const name = path.basename(engine.folder);
    await engine.run({ cmd: ["sleep", "1000"], network: "bridge" });
    expect(findLeftovers(name).join("\n")).toMatch(
      /process[^]*cgroup[^]*mount[^]*network namespace/,
    );

    await engine.close();

    expect(findLeftovers(name)).toEqual([]);
  });

  test("nothing is left after it died with a running container", async () => {
    const engine = await startDocker();
    const container = await engine.run({ cmd: ["sleep", "1000"] });
    await engine.die();

    await engine.close();

    // A zombie that nobody has collected yet has no executable either.
    await expect(readlink(`/proc/${container.pid}/exe`)).rejects.toThrow(/ENOENT/);
  });
});

describeWith(["vm"], "the machine with cgroup v2", () => {
  beforeAll(prepareVm, 20 * 60_000);

  test(
    "runs Docker with the systemd driver, and tells what a command answered",
    { timeout: 7 * 60_000 },
    async () => {
      const { output, exitCode } = await runInVm({
        files: {
          "rootfs/bin/busybox": { from: commandPath("static busybox") },
          "version.mjs": "console.log(`node ${process.version}`)",
        },
        command: `
          stat -fc %T /sys/fs/cgroup
          node version.mjs
          tar -C rootfs -c . | docker import - busybox:1 > /dev/null
          id=$(docker run -d --network none --memory 64m --cpus 0.5 busybox:1 /bin/busybox sleep 1000)
          cd /sys/fs/cgroup/system.slice/docker-$id.scope && cat memory.max cpu.max
          grep -c full memory.pressure
          exit 3`,
      });

      expect({ output: output.split("\n"), exitCode }).toEqual({
        output: ["cgroup2fs", `node ${process.version}`, "67108864", "50000 100000", "1", ""],
        exitCode: 3,
      });
    },
  );
});
