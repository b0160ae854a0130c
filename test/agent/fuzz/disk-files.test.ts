import { describe } from "vitest";

import type { Text } from "../../../agent/cgroup/parse.ts";
import { parseBlkio } from "../../../agent/collectors/blkio-books.ts";
import { type Books, placesOf } from "../../../agent/collectors/disk-books.ts";
import { parseDiskstats } from "../../../agent/collectors/diskstats.ts";
import { parseIoCost, parseIoStat } from "../../../agent/collectors/io-stat.ts";
import { parseMountinfo } from "../../../agent/filesystems/mountinfo.ts";
import { type DiskNumber, placeOf } from "../../../wire/metrics/disk-io.ts";
import { DOCKER, MACHINE } from "../filesystems/mounts.ts";
import { Allowed, itSurvives, recorded, textOf, wholeLines } from "./fuzzing.ts";

const NUMBER = /^\d{1,20}$/;

/** A complaint about what a parser has put into the books, against what the lines say. */
function complaintOf(
  parse: (text: string, into: Books) => void,
  file: Text,
  readLine: (line: string, allowed: Allowed) => void,
): string | undefined {
  const allowed = new Allowed();
  for (const line of wholeLines(file)) readLine(line, allowed);
  const books: Books = { devices: new Map(), operations: new Map() };
  parse(textOf(file), books);
  for (const [device, values] of books.devices) {
    for (const [place, value] of values.entries()) {
      const complaint = allowed.complaint(`${device} ${place}`, value);
      if (complaint !== undefined) return complaint;
    }
  }
  for (const [key, value] of books.operations) {
    const complaint = allowed.complaint(`${key} bytes`, value);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

describe("io.stat", () => {
  const original =
    "254:16 rbytes=0 wbytes=0 rios=0 wios=1 dbytes=0 dios=0\n" +
    "7:1 7:0 254:0 rbytes=9265152 wbytes=73580544 rios=209 wios=16694 dbytes=7 dios=0 cost.usage=38 cost.wait=4 cost.indebt=2 cost.indelay=1\n";
  const words: Record<string, { place?: number; operation?: string; scale?: number }> = {
    rbytes: { place: placeOf("readBytes"), operation: "Read" },
    wbytes: { place: placeOf("writtenBytes"), operation: "Write" },
    dbytes: { operation: "Discard" },
    rios: { place: placeOf("reads") },
    wios: { place: placeOf("writes") },
    "cost.usage": { place: placeOf("costUsage"), scale: 1e6 },
    "cost.wait": { place: placeOf("costWait"), scale: 1e6 },
    "cost.indebt": { place: placeOf("costIndebt"), scale: 1e6 },
    "cost.indelay": { place: placeOf("costIndelay"), scale: 1e6 },
  };
  const readLine = (line: string, allowed: Allowed): void => {
    let device: string | undefined;
    for (const word of line.split(" ")) {
      if (/^\d+:\d+$/.test(word)) device = word;
      const [, key = "", value = ""] = /^([^=]+)=(\d{1,20})$/s.exec(word) ?? [];
      const known = Object.hasOwn(words, key) ? words[key] : undefined;
      if (known === undefined || device === undefined) continue;
      const { place, operation, scale = 1 } = known;
      if (place !== undefined) allowed.add(`${device} ${place}`, Number(value) / scale);
      if (operation !== undefined) allowed.add(`${device} ${operation} bytes`, Number(value));
    }
  };
  itSurvives("of a container", original, 35_000, (file) =>
    complaintOf(parseIoStat, file, readLine),
  );
  itSurvives("of the machine", original, 20_000, (file) =>
    complaintOf(parseIoCost, file, readLine),
  );
});

describe("files of blkio", () => {
  const original =
    "254:0 Read 9265152\n254:0 Write 73580544\n254:0 Sync 100\n254:0 Async 200\n254:0 Discard 0\n" +
    "254:0 Total 82845696\n8:16 Read 4096\n8:16 Write 0\n8:16 Total 4096\nTotal 82849792\n";
  const places = placesOf({ Read: "readBytes", Write: "writtenBytes" });
  itSurvives("of bytes", original, 35_000, (file) =>
    complaintOf(
      (text, into) => parseBlkio(text, { places, isUsage: true }, into),
      file,
      (line, allowed) => {
        const [, device, operation = "", value] =
          /^(\d+:\d+) ([^ ]*) (\d{1,20})$/s.exec(line) ?? [];
        if (device === undefined) return;
        if (Object.hasOwn(places, operation)) {
          allowed.add(`${device} ${places[operation]}`, Number(value));
        }
        allowed.add(`${device} ${operation} bytes`, Number(value));
      },
    ),
  );
});

describe("diskstats", () => {
  const order: readonly DiskNumber[] = [
    ...(["reads", "readsMerged", "sectorsRead", "readSeconds"] as const),
    ...(["writes", "writesMerged", "sectorsWritten", "writeSeconds"] as const),
    ...(["inProgress", "busySeconds", "weightedSeconds"] as const),
  ];
  const isLineLength = (length: number): boolean => [11, 15].includes(length) || length >= 17;
  const readLine = (line: string, allowed: Allowed): void => {
    const [major = "", minor = "", , ...fields] = line.trim().split(/\s+/);
    const isWhole =
      /^\d+:\d+$/.test(`${major}:${minor}`) && fields.every((field) => NUMBER.test(field));
    if (!isWhole || !isLineLength(fields.length)) return;
    const device = `${major}:${minor}`;
    for (const [index, number] of order.entries()) {
      const scale = number.endsWith("Seconds") ? 1000 : 1;
      allowed.add(`${device} ${placeOf(number)}`, Number(fields[index]) / scale);
    }
    allowed.add(`${device} ${placeOf("readBytes")}`, Number(fields[2]) * 512);
    allowed.add(`${device} ${placeOf("writtenBytes")}`, Number(fields[6]) * 512);
    for (const [operation, field] of Object.entries({ Read: 2, Write: 6, Discard: 13 })) {
      if (field < fields.length) {
        allowed.add(`${device} ${operation} bytes`, Number(fields[field]) * 512);
      }
    }
  };
  const older = "   8       1 sda1 90 9 1800 1400 190 19 3800 2400 0 2900 3900\n";
  const original = `${recorded("proc/diskstats").toString()}${older}`;
  itSurvives("of the machine", original, 35_000, (file) =>
    complaintOf((text, into) => void parseDiskstats(text, into), file, readLine),
  );
});

describe("mountinfo", () => {
  itSurvives("of a container", MACHINE + DOCKER, 18_000, (file) => {
    const allowed = new Set<string>();
    for (const line of wholeLines(file)) {
      const [, device, root, point] =
        /^[^ ]* [^ ]* (\d+:\d+) ([^ ]*) (\/[^ ]*) [^ ]*(?: [^ ]*)* - [^ ]* [^ ]* [^ ]*/s.exec(
          line,
        ) ?? [];
      if (device !== undefined) allowed.add(`${device} ${unescaped(root)} ${unescaped(point)}`);
    }
    for (const { device, root, point } of parseMountinfo(textOf(file))) {
      Allowed.looked++;
      const mount = `${device} ${root} ${point}`;
      if (!allowed.has(mount)) return `there is a mount ${mount}`;
    }
    return undefined;
  });
});

function unescaped(text = ""): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
