import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";

import type { Series } from "../../wire/stats/answer.ts";
import { type ChartPlan, isMeasured, plotData, topOf } from "./charts.ts";
import { quantity, spelled } from "./format.ts";
import { createPlot, type Live, moveCursor } from "./plot.ts";
import { highestOf, newestOf, pointsOf } from "./series.ts";

/** What a chart shows. */
export interface ChartProps {
  readonly plan: ChartPlan;
  /** With absent steps where samples are missing. */
  readonly series: Series;
  readonly range: Live["range"];
  readonly limit: number | undefined;
  /** The position that the shared cursor stands on. */
  readonly cursor: number | undefined;
  readonly onCursor: (position: number | undefined) => void;
  /** Changes when the colours do. */
  readonly theme: string;
}

/** What the chart says, in words. */
function describe({ plan, series, limit }: ChartProps): string {
  const lines = plan.lines.map(({ stat, label }) => {
    const newest = spelled(newestOf(pointsOf(series, stat.name, "avg")), plan.unit);
    const highest = spelled(highestOf(pointsOf(series, stat.name, "max")), plan.unit);
    return `${label} ${newest} now, ${highest} at most`;
  });
  const most = limit === undefined ? "" : `; limit ${spelled(limit, plan.unit)}`;
  return `${plan.title}, last hour: ${lines.join("; ")}${most}`;
}

function Legend({ plan, series, cursor }: ChartProps): VNode {
  return (
    <ul class="legend">
      {plan.lines.map(({ stat, label, colour }) => {
        const points = pointsOf(series, stat.name, "avg");
        const value = cursor === undefined ? newestOf(points) : (points[cursor] ?? undefined);
        return (
          <li key={stat.name} class={`key ${colour}`} title={stat.help}>
            {label} <b>{quantity(value, plan.unit)}</b>
          </li>
        );
      })}
    </ul>
  );
}

function moveByKey(event: KeyboardEvent): void {
  const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -60, PageDown: 60 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  moveCursor(by);
}

/** The element that uPlot draws in; it draws anew when the data, the width or the colours change. */
function Canvas(props: ChartProps): VNode {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const { plan, series, range, limit, theme } = props;
  const live = useRef<Live>({ range, top: plan.least, limit });
  live.current = { range, top: topOf(plan, series, limit), limit };

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const made = createPlot(plan, element, () => live.current, props.onCursor);
    plot.current = made;
    const sizes = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: made.height });
    });
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      made.destroy();
    };
  }, [plan, theme]);

  useEffect(() => {
    plot.current?.setData(plotData(plan, series));
  }, [plan, theme, series, range, limit]);

  return (
    <div
      ref={host}
      class="canvas"
      role="img"
      tabIndex={0}
      aria-label={describe(props)}
      onKeyDown={moveByKey}
    />
  );
}

/** One chart: title, legend with the values at the cursor, and the lines of the last hour. */
export function Chart(props: ChartProps): VNode {
  const { plan, series, limit } = props;
  const measured = isMeasured(plan, series);
  return (
    <figure class="chart" data-chart={plan.key}>
      <figcaption>
        <h3>{plan.title}</h3>
        {limit !== undefined && (
          <p class="key limit">
            limit <b>{quantity(limit, plan.unit)}</b>
          </p>
        )}
        {measured && <Legend {...props} />}
      </figcaption>
      {measured ? <Canvas {...props} /> : <p class="unmeasured">not measured here</p>}
    </figure>
  );
}
