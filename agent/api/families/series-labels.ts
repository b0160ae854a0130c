import type { Container } from "../../../wire/container.ts";
import { encodeLabels } from "../../../wire/exposition/encode.ts";
import type { Window } from "../../window/window.ts";
import { joinLabels, type Labels, namedLabels } from "./container-labels.ts";

/** Which labels of containers stand on every series. */
export interface LabelSettings {
  /** Keys of labels that stand on every series of the containers that have them. */
  readonly include: readonly string[];
  /** Every series has the labels of all containers, empty where its own has none: cAdvisor's old shape. */
  readonly union: boolean;
}

/** In characters: the longest value, and the longest text of all labels, of a series and of `container_info`. */
const OF_SERIES = { value: 1024, all: 16 * 1024 };
const OF_INFO = { value: 4096, all: 64 * 1024 };

/** The labels that stand on the series of containers; each text is made once for each state of one. */
export class SeriesLabels {
  readonly #settings: LabelSettings;
  readonly #included: ReadonlySet<string>;
  readonly #window: Pick<Window, "live">;
  #texts: WeakMap<Container, string> = new WeakMap();
  readonly #infos: WeakMap<Container, string> = new WeakMap();
  /** Names that every series has. */
  #union: readonly string[] = [];
  /** The containers of which `#union` was made. */
  #seen: readonly Container[] = [];
  #isUnionOld = true;

  /** @param window whose containers make up the union */
  constructor(settings: LabelSettings, window: Pick<Window, "live" | "onPass">) {
    this.#settings = settings;
    this.#included = new Set(settings.include);
    this.#window = window;
    if (settings.union) window.onPass(() => (this.#isUnionOld = true));
  }

  /** `id`, `image` and `name`, and what the settings add, as they stand on every series of a container. */
  of(container: Container): string {
    if (this.#isUnionOld && this.#settings.union) this.#unite();
    let text = this.#texts.get(container);
    if (text === undefined) this.#texts.set(container, (text = this.#make(container)));
    return text;
  }

  /** The container's labels that `of` has not: what only `container_info` carries. */
  infoOf(container: Container): string {
    let text = this.#infos.get(container);
    if (text !== undefined) return text;
    const { runtime } = container;
    const onSeries = this.#onSeries(container);
    const rest = [...namedLabels(container, () => true)].filter(([name]) => !onSeries.has(name));
    const own: Labels = new Map(runtime === undefined ? rest : [["runtime", runtime], ...rest]);
    text = joinLabels(own, OF_INFO.value, OF_INFO.all);
    this.#infos.set(container, text);
    return text;
  }

  #onSeries(container: Container): Labels {
    const { include, union } = this.#settings;
    const isAll = union && include.length === 0;
    return namedLabels(container, (key) => isAll || this.#included.has(key));
  }

  #make(container: Container): string {
    const { id, image, name, runtime } = container;
    const { union } = this.#settings;
    const own = new Map<string, string>();
    if (image !== undefined || union) own.set("image", image ?? "");
    // A plain cgroup has no name of its own.
    if (runtime !== undefined || union) own.set("name", runtime === undefined ? "" : name);
    const labels = this.#onSeries(container);
    for (const key of union ? this.#union : labels.keys()) own.set(key, labels.get(key) ?? "");
    // The path is what tells containers apart: it is never cut.
    const path = encodeLabels({ id });
    return [path, joinLabels(own, OF_SERIES.value, OF_SERIES.all)].filter(Boolean).join(",");
  }

  /** Finds the names anew if containers have come, gone or changed. */
  #unite(): void {
    this.#isUnionOld = false;
    const live = Array.from(this.#window.live, ({ container }) => container);
    const seen = this.#seen;
    if (live.length === seen.length && live.every((one, index) => one === seen[index])) return;
    this.#seen = live;
    const names = new Set(live.flatMap((container) => [...this.#onSeries(container).keys()]));
    const union = [...names].toSorted();
    if (union.join() === this.#union.join()) return;
    this.#union = union;
    this.#texts = new WeakMap();
  }
}
