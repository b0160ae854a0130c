import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import type Docker from "dockerode";

import { fillRoot, importRoot } from "./busybox-image.ts";
import { runToEnd } from "./child.ts";
import { copyProject } from "./vm.ts";

/** The built project in an image: `node /app/dist/cli.js`, and busybox beside it. */
export const agentImage = "agent:1";

/** The agent does without the history's database, which is larger than all the rest. */
const NOT_THE_AGENTS = /^node_modules\/@duckdb\//;

/** Makes the agent's image of this machine's Node.js and the built project, as nothing is pulled from anywhere. */
export async function importAgent(api: Docker): Promise<void> {
  const root = await mkdtemp(path.join(os.tmpdir(), "plimsoll-agent-"));
  try {
    await fillRoot(root);
    await copyNode(root);
    await copyProject(path.join(root, "app"), NOT_THE_AGENTS);
    await importRoot(api, root, agentImage);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Node.js and the libraries that it is linked with, each where it looks for it. */
export async function copyNode(root: string): Promise<void> {
  await copyFile(process.execPath, path.join(root, "bin/node"));
  const linked = await runToEnd("ldd", [process.execPath]);
  for (const [, library] of linked.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)) {
    if (library === undefined) continue;
    const target = path.join(root, library);
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(library, target);
  }
}
