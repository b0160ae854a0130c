import { parseMountinfo, type Mount } from "../../../agent/filesystems/mountinfo.ts";

/** A container of Docker 20.10 (overlay2), as its engine named it. */
export const ID: string = "a2768927f737c7bfdf09a83b7ebd4d2f56750cd6b6db66fe40e2486ba227b0b6";

const LAYER = "acf51934eec022b8904086a83db79022115e3f09c37a6ccf837cb27381aa363c";

/** The directory that takes what that container writes. */
export const DOCKER_UPPER: string = `/var/lib/docker/overlay2/${LAYER}/diff`;

/** The machine: its disk, memory, and what Docker has mounted for the container. */
export const MACHINE: string = `22 27 0:21 / /proc rw,relatime - proc proc rw
23 27 0:22 / /sys rw,relatime - sysfs sysfs rw
24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw,size=12334460k,nr_inodes=3083615,mode=755
25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24684084k
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 25 0:27 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24684084k
38 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
42 27 254:0 /run/netns /run/netns rw,relatime shared:1 - ext4 /dev/vda rw,discard
43 27 254:0 /var/lib/docker /var/lib/docker rw,relatime shared:2 - ext4 /dev/vda rw,discard
47 43 0:39 / /var/lib/docker/overlay2/${LAYER}/merged rw,relatime shared:3 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/VFNW54NEB72ZJIW6M7W4L4AJXX:/var/lib/docker/overlay2/l/T7JL3NCV22POZ2VMBD56QZY5JQ,upperdir=${DOCKER_UPPER},workdir=/var/lib/docker/overlay2/${LAYER}/work
98 27 0:4 net:[4026532181] /run/docker/netns/04f991d631ee rw - nsfs nsfs rw
`;

/** The same container from inside. */
export const DOCKER: string = `74 49 0:39 / / rw,relatime master:3 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/VFNW54NEB72ZJIW6M7W4L4AJXX:/var/lib/docker/overlay2/l/T7JL3NCV22POZ2VMBD56QZY5JQ,upperdir=${DOCKER_UPPER},workdir=/var/lib/docker/overlay2/${LAYER}/work
75 74 0:42 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
76 74 0:43 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
90 76 0:47 / /dev/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=65536k
91 74 254:0 /srv/host\\040dir /hd rw,relatime - ext4 /dev/vda rw,discard
92 74 254:0 /var/lib/docker/volumes/vol1/_data /data rw,relatime master:2 - ext4 /dev/vda rw,discard
93 74 254:0 /var/lib/docker/volumes/my\\040vol/_data/sub /sub rw,relatime master:2 - ext4 /dev/vda rw,discard
95 74 254:0 /var/lib/docker/containers/${ID}/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/vda rw,discard
96 74 254:0 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw,discard
50 75 0:42 /bus /proc/bus ro,nosuid,nodev,noexec,relatime - proc proc rw
`;

/** The mounts of a recording. */
export function mounts(text: string): Mount[] {
  return parseMountinfo(text);
}
