import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import type Docker from "dockerode";

import { copyNode } from "./agent-image.ts";
import { fillRoot, importRoot } from "./busybox-image.ts";
import { copyProject } from "./vm.ts";

/** What deploy/Dockerfile can be built on without any network. */
export const baseImage = "plimsoll-base:1";

/**
 * Stands in for npm, which has nowhere to fetch from: it puts in place what the real one has installed
 * and built on this machine. Its `sbom` has the lines of npm 11 that differ from call to call.
 */
const STAND_IN_NPM = `#!/bin/sh
set -e
case "$*" in
  "ci") ;;
  "ci --omit=dev") cp -R /prebuilt/node_modules node_modules ;;
  "run build") test -f cli.ts && test -f tsconfig.build.json && cp -R /prebuilt/dist dist ;;
  "sbom --omit=dev --package-lock-only --sbom-format=spdx")
    printf '{\\n  "spdxVersion": "SPDX-2.3",\\n'
    echo '  "documentNamespace": "http://spdx.org/spdxdocs/plimsoll-0.1.0-'$(cat /proc/sys/kernel/random/uuid)'",'
    echo '  "creationInfo": {'
    echo '    "created": "'$(date -u +%Y-%m-%dT%H:%M:%S.123Z)'",'
    printf '    "creators": ["Tool: npm/cli-11.19.1"]\\n  }\\n}\\n' ;;
  *) echo "the stand-in for npm does not know: $*" >&2; exit 1 ;;
esac
`;

/** Makes the base image of this machine's Node.js, busybox and a stand-in for npm. */
export async function importBase(api: Docker): Promise<void> {
  const root = await mkdtemp(path.join(os.tmpdir(), "plimsoll-base-"));
  try {
    await fillRoot(root);
    await copyNode(root);
    await copyProject(path.join(root, "prebuilt"));
    await writeFile(path.join(root, "bin/npm"), STAND_IN_NPM);
    await chmod(path.join(root, "bin/npm"), 0o755);
    await mkdir(path.join(root, "var/lib"), { recursive: true });
    await importRoot(api, root, baseImage);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
