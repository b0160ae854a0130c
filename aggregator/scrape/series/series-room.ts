/** Bytes of a series besides the text of its labels, roughly. */
const SERIES_BYTES = 240;

/** What a series takes in memory, roughly. */
export function bytesOf(key: string): number {
  // Once in the key, once in the labels.
  return SERIES_BYTES + 2 * key.length;
}

/** Room for the series of one page while it is read. */
export interface SeriesRoom {
  /** Takes so many bytes; false if they are not there, and then nothing is taken. */
  take(bytes: number): boolean;
  /** Nothing of it is needed any more. */
  giveBack(): void;
}

interface Place {
  /** What stays of a target between its scrapes. */
  kept: number;
  /** What its next page has taken so far. */
  reading: number;
}

/**
 * The memory that the series of many targets share. Each counts with the larger of what is kept and
 * what is being read, so that a target that does not grow always finds its own room again, and who
 * is new, or grows, is the one that finds none.
 */
export class SeriesRooms<T> {
  readonly #most: number;
  readonly #places = new Map<T, Place>();
  #bytes = 0;

  /** @param most bytes of all together */
  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Room for the next page of a target; there is one page of each at a time. */
  open(of: T): SeriesRoom {
    return {
      take: (bytes) => {
        const { kept, reading } = this.#places.get(of) ?? { kept: 0, reading: 0 };
        const more = Math.max(kept, reading + bytes) - Math.max(kept, reading);
        if (more > 0 && this.#bytes + more > this.#most) return false;
        this.#set(of, { kept, reading: reading + bytes });
        return true;
      },
      giveBack: () => this.#set(of, { kept: this.#places.get(of)?.kept ?? 0, reading: 0 }),
    };
  }

  /** So many bytes of a target stay from now on, whether there is room or not. */
  keep(of: T, kept: number): void {
    this.#set(of, { kept, reading: this.#places.get(of)?.reading ?? 0 });
  }

  #set(of: T, place: Place): void {
    const before = this.#places.get(of);
    if (before !== undefined) this.#bytes -= Math.max(before.kept, before.reading);
    this.#bytes += Math.max(place.kept, place.reading);
    if (place.kept === 0 && place.reading === 0) this.#places.delete(of);
    else this.#places.set(of, place);
  }
}
