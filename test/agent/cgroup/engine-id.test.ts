import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { compareContainerPaths, engineIdOf } from "../../../agent/cgroup/engine-id.ts";

const ID = "0123456789abcdef".repeat(4);
const OUTER = "fedcba9876543210".repeat(4);
const UID = "pod0e4d9a1c_2f1b_4c9e_9d0c_6a4a5f0c7b11";

/** As engines, drivers and users' own services lay them out. */
const OF_CONTAINERS: readonly string[] = [
  `/docker/${ID}`,
  `/plimsoll/shop/${ID}`,
  `/system.slice/docker-${ID}.scope`,
  `/machine.slice/libpod-${ID}.scope`,
  `/libpod_parent/libpod-${ID}`,
  `/system.slice/web.service/libpod-payload-${ID}`,
  `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-${UID}.slice/cri-containerd-${ID}.scope`,
  `/kubepods.slice/kubepods-besteffort.slice/crio-${ID}.scope`,
  `/kubepods/besteffort/${UID}/crio-${ID}`,
  `/kubepods/burstable/${UID}/${ID}`,
  `/system.slice/containerd.service/kubepods-burstable-${UID}.slice:cri-containerd:${ID}`,
  `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`,
  `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope`,
  `/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_${OUTER}.slice/libpod-${ID}.scope`,
  `/default/${ID}`,
  `/default/nerdctl-${ID}.scope`,
  `/docker/${OUTER}/docker/${ID}`,
  `/system.slice/docker-${OUTER}.scope/docker/${ID}`,
  `/docker/${OUTER}/system.slice/docker-${ID}.scope`,
  `/ecs/0f9de17a6465404e8b1b2356dc13c2f8/${ID}`,
];

/** What runs inside of a container, beside it or for it. */
const OF_OTHERS: readonly string[] = [
  "/",
  "/docker",
  `/machine.slice/libpod-conmon-${ID}.scope`,
  `/kubepods.slice/crio-conmon-${ID}.scope`,
  `/machine.slice/libpod-${ID}.scope/container`,
  `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
  `/system.slice/docker-${ID}.scope/init.scope`,
  `/docker/${ID}/system.slice/foo.service`,
  `/system.slice/${ID}.service`,
  `/system.slice/${ID}-1f2e3d4c.service`,
  `/system.slice/var-lib-docker-overlay2-${ID}-merged.mount`,
  `/machine.slice/machine-libpod_pod_${ID}.slice`,
  `/docker/${ID}0`,
  `/docker/${ID.slice(1)}`,
  `/docker/${ID.toUpperCase()}`,
  `/docker/${ID}/${ID}`,
  `/docker/${ID}/docker-${ID}.scope`,
];

describe("the engine's id in a cgroup path", () => {
  it.each(OF_CONTAINERS)("%s is the container's", (path) => {
    expect(engineIdOf(path)).toBe(ID);
  });

  it.each(OF_OTHERS)("%s is no container's", (path) => {
    expect(engineIdOf(path)).toBeUndefined();
  });

  const ids = fc.stringMatching(/^[0-9a-f]{64}$/);
  const inner = fc.stringMatching(/^[^/]{1,63}$/);
  const paths = fc.constantFrom(...OF_CONTAINERS);

  it("is read whatever it is, and no part of a container has it again", () => {
    fc.assert(
      fc.property(
        ids,
        paths,
        fc.array(inner, { minLength: 1, maxLength: 4 }),
        (id, path, below) => {
          fc.pre(!path.includes(id) && id !== OUTER);
          const container = path.replace(ID, id);
          expect(engineIdOf(container)).toBe(id);
          expect(engineIdOf(`${container}/${below.join("/")}`)).toBeUndefined();
          expect(engineIdOf(`${container}/${below.join("/")}/docker-${id}.scope`)).toBeUndefined();
        },
      ),
    );
  });

  it("of a nested engine's containers each has its own", () => {
    fc.assert(
      fc.property(fc.uniqueArray(ids, { minLength: 1, maxLength: 5 }), (all) => {
        const path = all.reduce((above, id) => `${above}/docker/${id}`, "");
        expect(engineIdOf(path)).toBe(all.at(-1));
      }),
    );
  });

  it("takes any text for a path, and answers with 64 digits of its last part or nothing", () => {
    const parts = fc.oneof(
      fc.string({ unit: "binary" }),
      ids,
      fc.constantFrom("docker-", ".scope"),
    );
    fc.assert(
      fc.property(fc.array(parts), (texts) => {
        const path = `/${texts.join("")}`;
        const id = engineIdOf(path);
        if (id === undefined) return;
        expect(id).toMatch(/^[0-9a-f]{64}$/);
        expect(path.slice(path.lastIndexOf("/"))).toContain(id);
      }),
    );
  });
});

describe("the order of paths with one id", () => {
  it("is one order, whichever comes first", () => {
    const paths = fc.constantFrom(...OF_CONTAINERS);
    fc.assert(
      fc.property(fc.shuffledSubarray([...OF_CONTAINERS]), paths, paths, (some, a, b) => {
        expect(some.toSorted(compareContainerPaths)).toEqual(
          some.toReversed().toSorted(compareContainerPaths),
        );
        expect(Math.sign(compareContainerPaths(a, b))).toBe(
          -Math.sign(compareContainerPaths(b, a)) + 0,
        );
      }),
    );
    expect(compareContainerPaths("/z", "/a/b")).toBeLessThan(0);
    expect(compareContainerPaths("/a/b", "/a/c")).toBeLessThan(0);
    expect(compareContainerPaths("/a/b", "/a/bb")).toBeLessThan(0);
  });
});
