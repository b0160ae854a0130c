import {
  type Chosen,
  type IsKnown,
  isUnfinished,
  parseChosen,
  parseGroup,
  parseKilled,
  parseLegacyPlace,
  type Place,
  type Victim,
} from "./kill-lines.ts";
import { type KernelRecord, parseRecord } from "./record.ts";

/** A kill as the kernel's messages tell it. */
export interface KernelKill extends Victim {
  /** Unknown where the kernel did not say: it names no more than ten victims in five seconds. */
  readonly place?: Place;
}

/** How long after the last kill of a group another one still belongs to it. */
const GROUP_MICROS = 100_000;

/** Two paths of the longest kind that the kernel allows, and a little more. */
const LONGEST_LINE = 10_000;

/** The first bytes of the lines that matter: `oom-kill:`, `Memory …`, `Out of …`, `Killed …`, `Task…`. */
const FIRST_BYTES = new Set(Buffer.from("oMOKT"));

/**
 * Finds kills in the kernel's messages. The line that names a victim's cgroup comes first and may be
 * left out; the line that says that it was killed is always there, and is what is counted.
 */
export class KillReader {
  readonly #isKnown: IsKnown;
  #chosen: Chosen | undefined;
  #legacy: Place | undefined;
  #group: { place: Place; micros: number } | undefined;
  /** A line that another record goes on with. */
  #unfinished: { text: string; writer: string | undefined } | undefined;

  constructor(isKnown: IsKnown) {
    this.#isKnown = isKnown;
  }

  /** Takes one record of `/dev/kmsg`; the kill, if it completes one. */
  take(bytes: Uint8Array, length: number): KernelKill | undefined {
    const record = parseRecord(bytes, length, (byte) => FIRST_BYTES.has(byte));
    return record === undefined ? undefined : this.#takeRecord(record);
  }

  #takeRecord(record: KernelRecord): KernelKill | undefined {
    const text = this.#joined(record);
    if (isUnfinished(text) && text.length < LONGEST_LINE) {
      this.#unfinished = { text, writer: record.writer };
      return undefined;
    }
    const victim = parseKilled(text);
    if (victim !== undefined) return this.#killed(victim, record.micros);
    this.#note(text, record.micros);
    return undefined;
  }

  #joined({ isContinuation, writer, text }: KernelRecord): string {
    const before = this.#unfinished;
    if (!isContinuation || before === undefined || before.writer !== writer) return text;
    this.#unfinished = undefined;
    return before.text + text;
  }

  #note(text: string, micros: number): void {
    const chosen = parseChosen(text, this.#isKnown);
    if (chosen !== undefined) {
      this.#forget();
      this.#chosen = chosen;
    }
    const legacy = parseLegacyPlace(text, this.#isKnown);
    if (legacy !== undefined) {
      this.#forget();
      this.#legacy = legacy;
    }
    const group = parseGroup(text);
    if (group !== undefined) this.#group = { place: { cgroup: group, oomCgroup: group }, micros };
  }

  #forget(): void {
    this.#chosen = this.#legacy = this.#group = this.#unfinished = undefined;
  }

  #killed(victim: Victim, micros: number): KernelKill {
    const place = this.#placeOf(victim, micros);
    return place === undefined ? victim : { ...victim, place };
  }

  #placeOf({ pid }: Victim, micros: number): Place | undefined {
    const { pid: chosenPid, ...chosen } = this.#chosen ?? { pid: undefined };
    if (chosenPid === pid && "cgroup" in chosen) {
      this.#chosen = undefined;
      return chosen;
    }
    const group = this.#group;
    if (group !== undefined && micros - group.micros <= GROUP_MICROS) {
      group.micros = micros;
      return group.place;
    }
    // An older kernel may kill a child in the place of the process that it had chosen.
    const legacy = this.#legacy;
    this.#legacy = undefined;
    return legacy;
  }
}
