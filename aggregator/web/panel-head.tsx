import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import { latestOf } from "./columns.ts";
import { count, duration, timeOfDay } from "./format.ts";

/** What the head of the panel shows. */
export interface PanelHeadProps {
  readonly id: string;
  /** Undefined until something is known of it. */
  readonly container: ContainerStats | undefined;
  /** Whether it is not there any more. */
  readonly ended: boolean;
  /** Unix seconds of its newest step. */
  readonly newest: number | undefined;
  /** Unix seconds that the cursor stands on. */
  readonly time: number | undefined;
  readonly onClose: () => void;
}

type Fact = readonly [label: string, value: string | undefined];

/** Who it is, in the order of how often one wants to know. */
function factsOf(id: string, container: ContainerStats | undefined, ended: boolean): Fact[] {
  const started = Date.parse(container?.started_at ?? "");
  const number = (stat: string): string | undefined => {
    const value = container === undefined || ended ? undefined : latestOf(container, stat);
    return value === undefined ? undefined : count(value);
  };
  const facts: Fact[] = [
    ["node", container?.node],
    ["image", container?.image],
    ["runtime", container?.runtime],
    ["up", ended || Number.isNaN(started) ? undefined : duration((Date.now() - started) / 1000)],
    ["processes", number("processes")],
    ["threads", number("threads")],
    ["cgroup", id === container?.name ? undefined : id],
  ];
  return facts.filter(([, value]) => value !== undefined);
}

/** Name, facts and the button that closes. On a small screen it takes the focus. */
export function PanelHead(props: PanelHeadProps): VNode {
  const { id, container, ended, newest, time, onClose } = props;
  const name = container?.name ?? id;
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (matchMedia("(max-width: 720px)").matches) close.current?.focus();
  }, []);
  return (
    <header>
      <h2 id="panel-name" dir="auto" title={name}>
        {name}
      </h2>
      {ended && (
        <p class="badge ended" role="status">
          ended{newest === undefined ? "" : `, last sample ${timeOfDay(newest * 1000)}`}
        </p>
      )}
      <dl>
        {factsOf(id, container, ended).map(([label, value]) => (
          <div key={label} data-fact={label}>
            <dt>{label}</dt>
            <dd title={value} dir="auto">
              {value}
            </dd>
          </div>
        ))}
      </dl>
      <p class="time">{time === undefined ? "last hour" : timeOfDay(time * 1000)}</p>
      <button ref={close} type="button" class="close" title="Close (Esc)" onClick={onClose}>
        <span aria-hidden="true">×</span>
        <span class="unseen">Close the charts</span>
      </button>
    </header>
  );
}
