import { encodeLabels } from "../../wire/exposition/encode.ts";
import { columnOf } from "../../wire/metrics/all.ts";
import {
  diskIoMetrics,
  diskIoSeries,
  type DiskNumber,
  placeOf,
} from "../../wire/metrics/disk-io.ts";
import type { Row } from "../../wire/ring.ts";
import type { KernelFile, KernelFiles } from "../cgroup/kernel-files.ts";
import type { BlockDevices } from "./block-devices.ts";
import type { SeriesValues } from "./collector.ts";
import { LastText } from "./last-text.ts";

/** The columns that are sums over devices, and what they are sums of. */
const SUMS = (["readBytes", "writtenBytes", "reads", "writes"] as const).map((number) => ({
  column: columnOf(diskIoMetrics[number]),
  place: placeOf(number),
}));

/** What some files say of block I/O. */
export interface Books {
  /** Values in the order of `diskIoSeries`, by `8:0`; NaN = not told. */
  readonly devices: Map<string, Float64Array>;
  /** Bytes, by `8:0 Read`. */
  readonly operations: Map<string, number>;
}

function newValues(): Float64Array {
  return new Float64Array(diskIoSeries.length).fill(Number.NaN);
}

const NUMBERS = /^\d+:\d+$/;

/** Whether a word is a device's numbers: `8:0`. */
export function isDevice(word: string): boolean {
  return NUMBERS.test(word);
}

/** No more digits than 64 bits need. */
const DIGITS = /^\d{1,20}$/;

/** Puts a number of a device down; text that is no number is passed over. */
export function put(books: Books, device: string, place: number, text: string, scale = 1): void {
  if (!DIGITS.test(text)) return;
  let values = books.devices.get(device);
  if (values === undefined) books.devices.set(device, (values = newValues()));
  // Two sets of books may know the device; the one that counts is ahead.
  values[place] = Math.max(values[place] || 0, Number(text) / scale);
}

/** Puts down how many bytes a kind of operation has moved. */
export function putUsage(books: Books, device: string, operation: string, text: string): void {
  if (!DIGITS.test(text)) return;
  const key = `${device} ${operation}`;
  books.operations.set(key, Math.max(books.operations.get(key) ?? 0, Number(text)));
}

/** A file of the books and how it is understood. */
export interface BookFile {
  readonly path: string;
  readonly parse: (text: string, into: Books) => void;
}

class Kept {
  readonly #file: KernelFile | undefined;
  readonly #parse: BookFile["parse"];
  readonly #text: LastText = new LastText();
  /** It is open, but could not be read the last time. */
  isUnread = false;

  constructor(files: KernelFiles, { path, parse }: BookFile) {
    this.#file = files.keep(path);
    this.#parse = parse;
  }

  get isOpen(): boolean {
    return this.#file !== undefined && (this.#file.isReopened || this.#file.descriptor !== -1);
  }

  get length(): number {
    return this.#text.length;
  }

  /** Reads the file; whether it says another thing than before. What can't be read says nothing. */
  read(files: KernelFiles): boolean {
    const isRead = files.read(this.#file);
    this.isUnread = !isRead && this.isOpen;
    return isRead ? this.#text.take(files.text) : this.#text.clear();
  }

  parse(into: Books): void {
    this.#parse(this.#text.toString(), into);
  }

  close(files: KernelFiles): void {
    files.release(this.#file);
  }
}

/** `Total 0` and the end of the line: what an empty file of v1 says. */
const EMPTY = 8;

/** Files of the books, kept open. What they say is parsed only if it has changed: mostly it has not. */
export class BookFiles {
  readonly #files: KernelFiles;
  readonly #groups: readonly (readonly Kept[])[];
  #books: Books = { devices: new Map(), operations: new Map() };
  #isStale = false;

  /** @param groups where the first file of a group is empty, the others are not read */
  constructor(files: KernelFiles, groups: readonly (readonly BookFile[])[]) {
    this.#files = files;
    this.#groups = groups.map((group) => group.map((file) => new Kept(files, file)));
  }

  /** Whether the first file of some group is there. */
  get isOpen(): boolean {
    return this.#groups.some(([first]) => first?.isOpen === true);
  }

  /** What the files say now: the same object as before if that is the same. Undefined if none can be read. */
  read(): Books | undefined {
    let isWhole = this.isOpen;
    for (const group of this.#groups) {
      for (const kept of group) {
        this.#isStale = kept.read(this.#files) || this.#isStale;
        isWhole &&= !kept.isUnread;
        if (kept === group[0] && kept.length <= EMPTY) break;
      }
    }
    // Without one of them a sum would be too small.
    if (!isWhole || !this.isOpen) return undefined;
    if (this.#isStale) this.#books = this.#parse();
    this.#isStale = false;
    return this.#books;
  }

  close(): void {
    for (const kept of this.#groups.flat()) kept.close(this.#files);
  }

  #parse(): Books {
    const books: Books = { devices: new Map(), operations: new Map() };
    for (const group of this.#groups) {
      const isEmpty = (group[0]?.length ?? 0) <= EMPTY;
      for (const kept of isEmpty ? group.slice(0, 1) : group) kept.parse(books);
    }
    return books;
  }
}

const labels = new Map<string, string>();

/** `device="/dev/sda"`, and for one kind of operation the numbers and the operation; made once. */
export function labelOf(path: string, numbers?: string, operation?: string): string {
  const key = `${path} ${numbers ?? ""} ${operation ?? ""}`;
  let label = labels.get(key);
  if (label === undefined) {
    const [major = "", minor = ""] = numbers?.split(":") ?? [];
    const more = operation === undefined ? {} : { major, minor, operation };
    labels.set(key, (label = encodeLabels({ device: path, ...more })));
  }
  return label;
}

/** The series of what a kind of operation has moved. */
export function usageOf(
  path: string,
  numbers: string,
  operation: string,
  bytes: number,
): [label: string, values: Float64Array] {
  return [labelOf(path, numbers, operation), Float64Array.of(bytes)];
}

/** What the books say, as series. */
export function seriesOf({ devices, operations }: Books, known: BlockDevices): SeriesValues {
  const series = new Map<string, Float64Array>();
  for (const [numbers, values] of devices) {
    series.set(labelOf(known.numbered(numbers).path), values);
  }
  for (const [key, bytes] of operations) {
    const [numbers = "", operation = ""] = key.split(" ");
    series.set(...usageOf(known.numbered(numbers).path, numbers, operation, bytes));
  }
  return series;
}

/** Whether a device only passes its I/O on to others that are in the same books. */
function isPassedOn(numbers: string, { devices }: Books, known: BlockDevices): boolean {
  return known.numbered(numbers).below.some((below) => devices.has(below));
}

/** The sums over all devices that are not on top of others in the books, in the order of the columns. */
export function sumsOf(books: Books, known: BlockDevices): Float64Array {
  const sums = noSums();
  for (const [numbers, values] of books.devices) {
    if (!isPassedOn(numbers, books, known)) addTo(sums, values);
  }
  return sums;
}

/** Adds a device's values to the sums. */
export function addTo(sums: Float64Array, values: Float64Array): void {
  for (const [index, { place }] of SUMS.entries()) {
    sums[index] = (sums[index] ?? 0) + (values[place] || 0);
  }
}

/** Sums of no devices. */
export function noSums(): Float64Array {
  return new Float64Array(SUMS.length);
}

/** Writes the sums into the columns. */
export function writeSums(row: Row, sums: Float64Array): void {
  for (const [index, { column }] of SUMS.entries()) row[column] = sums[index] ?? Number.NaN;
}

/** Places of some numbers by the word that a file has for them. */
export function placesOf(
  words: Readonly<Record<string, DiskNumber>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(words).map(([word, of]) => [word, placeOf(of)]));
}
