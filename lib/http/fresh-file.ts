import { readFile, stat } from "node:fs/promises";

/** For so many milliseconds a file that was looked at counts as unchanged. */
const TRUSTED_MS = 1000;

/** A file's text, read anew only after the file has changed: secrets and certificates are replaced while programs run. */
export class FreshFile {
  readonly #path: string;
  #known: { readonly mark: string; readonly text: string } | undefined;
  #looked = Number.NEGATIVE_INFINITY;

  constructor(path: string) {
    this.#path = path;
  }

  /** The text as it is now; throws `cannot read FILE: cause`. */
  async read(): Promise<string> {
    const now = performance.now();
    if (this.#known !== undefined && now - this.#looked < TRUSTED_MS) return this.#known.text;
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(this.#path);
      const mark = [mtimeMs, ctimeMs, size, ino].join(" ");
      if (this.#known?.mark !== mark) {
        this.#known = { mark, text: await readFile(this.#path, "utf8") };
      }
    } catch (error) {
      throw new Error(`cannot read ${this.#path}`, { cause: error });
    }
    this.#looked = now;
    return this.#known.text;
  }
}
