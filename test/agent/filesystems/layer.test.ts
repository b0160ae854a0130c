import { describe, expect, it } from "vitest";

import { directoriesOf, layerOf, volumesOf } from "../../../agent/filesystems/layer.ts";
import { DOCKER, DOCKER_UPPER, ID, MACHINE, mounts } from "./mounts.ts";

const machine = mounts(MACHINE);
const own = mounts(DOCKER);

/** The machine with these mounts more. */
function machineWith(lines: string): ReturnType<typeof mounts> {
  return mounts(MACHINE + lines);
}

describe("the writable layer", () => {
  it("is the upper directory of overlay2", () => {
    expect(layerOf(own, machine)).toBe(DOCKER_UPPER);
  });

  it("is that of containerd's snapshotter, for Docker's image store too", () => {
    const snapshots = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";
    const snapshot = `861 744 0:195 / / rw,relatime master:279 - overlay overlay rw,lowerdir=${snapshots}/33/fs,upperdir=${snapshots}/34/fs,workdir=${snapshots}/34/work,nouserxattr\n`;
    expect(layerOf(mounts(snapshot), machine)).toBe(`${snapshots}/34/fs`);
  });

  it("is found where Docker names it in short, because of very many layers", () => {
    const short = DOCKER.replace(`upperdir=${DOCKER_UPPER}`, "upperdir=acf51934/diff");
    expect(() => layerOf(mounts(short), machine)).toThrow(/not seen/);
    const merged = machineWith(
      "47 43 0:39 / /data/overlay2/acf51934/merged rw - overlay overlay rw,upperdir=acf51934/diff\n",
    );
    expect(layerOf(mounts(short), merged)).toBe("/data/overlay2/acf51934/diff");
  });

  it("is beside where Podman has fuse-overlayfs mounted", () => {
    const fuse =
      "700 650 0:57 / / rw,nodev,relatime - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0,default_permissions,allow_other\n";
    expect(() => layerOf(mounts(fuse), machine)).toThrow(/not seen/);
    const podman = machineWith(
      "650 27 0:57 / /home/u/.local/share/containers/storage/overlay/4f2e/merged rw,nodev,relatime - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0\n",
    );
    expect(layerOf(mounts(fuse), podman)).toBe(
      "/home/u/.local/share/containers/storage/overlay/4f2e/diff",
    );
  });

  it("is the whole directory of vfs", () => {
    const vfs = "90 80 254:0 /var/lib/docker/vfs/dir/11aa / rw,relatime - ext4 /dev/vda rw\n";
    expect(layerOf(mounts(vfs), machine)).toBe("/var/lib/docker/vfs/dir/11aa");
  });

  it("is none of a process that lives in the machine's own files", () => {
    expect(layerOf(machine, machine)).toBeUndefined();
    const subvolume = "1 0 0:30 /@ / rw - btrfs /dev/sda2 rw\n";
    expect(layerOf(mounts(subvolume), mounts(subvolume))).toBeUndefined();
  });

  it("is not told where the storage shares, or where nothing can be written", () => {
    const btrfs = "90 80 0:30 /@/docker/btrfs/subvolumes/11aa / rw - btrfs /dev/sda2 rw\n";
    expect(() => layerOf(mounts(btrfs), machine)).toThrow("btrfs");
    const pool = "90 80 253:7 / / rw - ext4 /dev/mapper/docker-253:0-1-11aa rw\n";
    expect(() => layerOf(mounts(pool), machine)).toThrow("ext4");
    const lower = "90 80 0:39 / / ro - overlay overlay ro,lowerdir=/a:/b\n";
    expect(() => layerOf(mounts(lower), machine)).toThrow("written");
    expect(() => layerOf([], machine)).toThrow("no mount");
  });
});

describe("the directories beside it", () => {
  it("are Docker's with the log", () => {
    expect(directoriesOf(ID, DOCKER_UPPER, own, machine)).toEqual([
      `/var/lib/docker/containers/${ID}`,
    ]);
  });

  it("are its own also in another container's network", () => {
    const other = "cd".repeat(32);
    expect(directoriesOf(other, DOCKER_UPPER, own, machine)).toEqual([
      `/var/lib/docker/containers/${other}`,
    ]);
  });

  it("are Podman's", () => {
    const storage = "/var/lib/containers/storage";
    expect(directoriesOf(ID, `${storage}/overlay/4f2e/diff`, [], machine)).toEqual([
      `${storage}/overlay-containers/${ID}`,
    ]);
  });

  it("are none where the files are somebody else's", () => {
    const pod =
      "95 74 254:0 /var/lib/kubelet/pods/1/etc-hosts /etc/hosts rw - ext4 /dev/vda rw\n96 74 254:0 /etc/hostname /etc/hostname rw - ext4 /dev/vda rw\n";
    expect(directoriesOf(ID, "/x/snapshots/34/fs", mounts(pod), machine)).toEqual([]);
  });
});

describe("volumes", () => {
  it("are those with a name, and no directories of the machine", () => {
    expect(volumesOf(own, machine)).toEqual([
      { volume: "vol1", path: "/var/lib/docker/volumes/vol1/_data" },
      { volume: "my vol", path: "/var/lib/docker/volumes/my vol/_data" },
    ]);
  });

  it("are told once, however often they are mounted", () => {
    const twice = "92 74 254:0 /var/lib/docker/volumes/vol1/_data /again rw - ext4 /dev/vda rw\n";
    expect(volumesOf(mounts(DOCKER + twice), machine)).toHaveLength(2);
  });

  it("are found on a disk of their own", () => {
    const inside = mounts("92 74 8:17 / /data rw - xfs /dev/sdb1 rw\n");
    const outside = machineWith(
      "60 43 8:17 / /mnt/big rw - xfs /dev/sdb1 rw\n61 43 8:17 / /var/lib/docker/volumes/big/_data rw - xfs /dev/sdb1 rw\n",
    );
    expect(volumesOf(inside, outside)).toEqual([
      { volume: "big", path: "/var/lib/docker/volumes/big/_data" },
    ]);
    expect(volumesOf(inside, machineWith("60 43 8:17 / /mnt/big rw - xfs /dev/sdb1 rw\n"))).toEqual(
      [],
    );
  });
});
