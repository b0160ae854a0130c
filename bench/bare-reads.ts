/**
 * Reads kernel files once a second and does nothing with them: what sampling costs at least.
 *
 *     node dist/bench/bare-reads.js LISTS.json
 *
 * where the file holds `{"each": [path, …], "fifth": [path, …]}`: read each second, and every fifth.
 */
import { openSync, readFileSync, readSync } from "node:fs";

const FIFTH = 5;

interface Lists {
  readonly each: readonly string[];
  readonly fifth: readonly string[];
}

function main(path: string): void {
  // The benchmark has written it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { each, fifth } = JSON.parse(readFileSync(path, "utf8")) as Lists;
  const eachFiles = each.map((file) => openSync(file, "r"));
  const fifthFiles = fifth.map((file) => openSync(file, "r"));
  const buffer = Buffer.alloc(65_536);
  let second = 0;
  setInterval(() => {
    for (const file of eachFiles) readSync(file, buffer, 0, buffer.length, 0);
    for (const [index, file] of fifthFiles.entries()) {
      if (index % FIFTH === second % FIFTH) readSync(file, buffer, 0, buffer.length, 0);
    }
    second++;
  }, 1000);
}

main(process.argv[2] ?? "");
