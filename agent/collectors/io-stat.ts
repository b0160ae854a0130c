import { type Books, isDevice, placesOf, put, putUsage } from "./disk-books.ts";

const NUMBERS = placesOf({
  rbytes: "readBytes",
  wbytes: "writtenBytes",
  rios: "reads",
  wios: "writes",
});

const OPERATIONS: Readonly<Record<string, string>> = {
  rbytes: "Read",
  wbytes: "Write",
  dbytes: "Discard",
};

const MICROSECONDS = 1e6;

const COSTS = placesOf({
  "cost.usage": "costUsage",
  "cost.wait": "costWait",
  "cost.indebt": "costIndebt",
  "cost.indelay": "costIndelay",
});

function parsePairs(
  text: string,
  take: (device: string, key: string, value: string) => void,
): void {
  for (const line of text.split("\n").slice(0, -1)) {
    let device: string | undefined;
    for (const word of line.split(" ")) {
      // Kernels from 5.14 on may have devices without any numbers before it, on the same line.
      if (isDevice(word)) device = word;
      const equals = word.indexOf("=");
      if (device === undefined || equals <= 0) continue;
      take(device, word.slice(0, equals), word.slice(equals + 1));
    }
  }
}

/** Of the lines of `io.stat`, what the io.cost controller adds, in microseconds; one without debug statistics only `cost.usage`. */
export function parseIoCost(text: string, into: Books): void {
  parsePairs(text, (device, key, value) => {
    const place = COSTS[key];
    if (place !== undefined) put(into, device, place, value, MICROSECONDS);
  });
}

/** Lines `8:0 rbytes=4096 wbytes=0 …`. https://docs.kernel.org/admin-guide/cgroup-v2.html#io-interface-files */
export function parseIoStat(text: string, into: Books): void {
  parsePairs(text, (device, key, value) => {
    const [number, operation, cost] = [NUMBERS[key], OPERATIONS[key], COSTS[key]];
    if (number !== undefined) put(into, device, number, value);
    if (operation !== undefined) putUsage(into, device, operation, value);
    if (cost !== undefined) put(into, device, cost, value, MICROSECONDS);
  });
}
