import { type Diagnosis, diagnose, explainName } from "./diagnosis.ts";
import type { Scene } from "./scene.ts";

/** Whoever asks again so soon is told the same. */
const KEPT_MS = 5000;

/** The diagnosis of a running agent: made when somebody asks, for all that ask at once, and kept for a moment. */
export class Diagnostics {
  readonly #scene: Scene;
  #last: Promise<Diagnosis> | undefined;
  #madeAt = Number.NEGATIVE_INFINITY;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** All of it. */
  read(): Promise<Diagnosis> {
    const now = this.#scene.clock.monotonic();
    if (this.#last === undefined || now - this.#madeAt > KEPT_MS) {
      this.#madeAt = now;
      this.#last = diagnose(this.#scene);
    }
    return this.#last;
  }

  /** The same with only what concerns one name; undefined for a name that means nothing. */
  async explain(name: string): Promise<Diagnosis | undefined> {
    const metrics = await explainName(this.#scene, name);
    return metrics === undefined ? undefined : { ...(await this.read()), metrics };
  }
}
