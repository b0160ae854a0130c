import { spawn } from "node:child_process";
import { copyFile, mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import type Docker from "dockerode";

import { runToEnd } from "./child.ts";
import { commandPath } from "./parts.ts";
import { within } from "./wait.ts";

/** The image that every engine of the test bed has: a shell, sleep, dd, nc, wget … of one static busybox. */
export const busyboxImage = "busybox:1";

/** Makes the busybox image from this machine's program, as nothing is pulled from anywhere. */
export async function importBusybox(api: Docker): Promise<void> {
  const root = await mkdtemp(path.join(os.tmpdir(), "plimsoll-busybox-"));
  try {
    await fillRoot(root);
    await importRoot(api, root, busyboxImage);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Makes an image, `NAME:TAG`, of a folder's content. */
export async function importRoot(api: Docker, root: string, image: string): Promise<void> {
  const tar = spawn("tar", ["-C", root, "-c", "."], { stdio: ["ignore", "pipe", "inherit"] });
  const [repo, tag] = image.split(":");
  const answer = await api.importImage(tar.stdout, { repo, tag });
  await within(`importing the image ${image}`, 60_000, followed(api, answer));
}

/** Fills a folder with the files of the busybox image. */
export async function fillRoot(root: string): Promise<void> {
  const busybox = commandPath("static busybox");
  for (const folder of ["bin", "dev", "etc", "proc", "sys", "tmp"]) {
    await mkdir(path.join(root, folder));
  }
  await copyFile(busybox, path.join(root, "bin/busybox"));
  await writeFile(path.join(root, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
  const applets = (await runToEnd(busybox, ["--list"])).trim().split("\n");
  for (const applet of applets) {
    if (applet !== "busybox") await symlink("busybox", path.join(root, "bin", applet));
  }
}

function followed(api: Docker, answer: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    api.modem.followProgress(answer, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
