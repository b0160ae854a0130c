/** Where lines go; `write` says whether more is welcome now. */
export interface Output {
  write(text: string): boolean;
}

/**
 * What a terminal shows. Only lines that have changed are written, which is what makes it cheap over a
 * slow line.
 */
export class Screen {
  readonly #output: Output;
  #shown: readonly string[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  /** Shows these lines, each encoded for the terminal, and nothing else. Gives back whether more is welcome. */
  draw(lines: readonly string[]): boolean {
    const changes: string[] = [];
    for (let place = 0; place < Math.max(lines.length, this.#shown.length); place++) {
      const line = lines[place] ?? "";
      // To where the line begins, so that nothing that a terminal measures otherwise moves the rest.
      if (line !== this.#shown[place])
        changes.push(`\u001B[${place + 1};1H\u001B[0m\u001B[K${line}`);
    }
    this.#shown = lines;
    return changes.length === 0 || this.#output.write(changes.join(""));
  }

  /** Forgets what is shown, so that all of it is written the next time; `isCleared` if nothing is there. */
  forget(): void {
    this.#shown = [];
    this.#output.write("\u001B[0m\u001B[2J");
  }
}
