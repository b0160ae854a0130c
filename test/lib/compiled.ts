import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** The programs as `npm run build` lays them out, in a folder of its own. */
export interface Compiled {
  readonly folder: string;
  remove(): void;
}

/** Compiles the sources for a test that must run them in a process of its own. */
export function compile(): Compiled {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-compiled-"));
  cpSync(join(repository, "package.json"), join(folder, "package.json"));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  const tsc = join(repository, "node_modules/typescript/bin/tsc");
  const dist = join(folder, "dist");
  const argv = [tsc, "-p", "tsconfig.build.json", "--noCheck", "--outDir", dist];
  const { stdout } = spawnSync(process.execPath, argv, { cwd: repository, encoding: "utf8" });
  // Types are another check's business; here the code has to be there.
  if (!existsSync(join(dist, "lib/lifecycle.js"))) throw new Error(`cannot compile: ${stdout}`);
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
