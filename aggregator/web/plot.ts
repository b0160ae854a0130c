import uPlot from "uplot";

import type { ChartPlan } from "./charts.ts";
import { axisText, hourAndMinute } from "./format.ts";

/** What changes while a plot lives; it is asked for at each drawing. */
export interface Live {
  /** Unix seconds. */
  readonly range: readonly [from: number, to: number];
  readonly top: number;
  readonly limit: number | undefined;
}

/** The plots of one panel share this cursor. */
const SYNC = "panel";

const HEIGHT = 148;
const FONT = "11px system-ui, sans-serif";

// Memory is counted in powers of two, so its scale is marked there too.
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

function colourOf(host: HTMLElement, name: string): string {
  return getComputedStyle(host).getPropertyValue(`--${name}`).trim();
}

function seriesOf(plan: ChartPlan, host: HTMLElement): uPlot.Series[] {
  return plan.lines.flatMap(({ colour, band }) => {
    const average = { stroke: colourOf(host, `line-${colour}`), width: 1.4, points: { size: 4 } };
    const highest = { stroke: "transparent", width: 0, points: { show: false } };
    return band ? [average, highest] : [average];
  });
}

/** A band between each line and its highest values. */
function bandsOf(plan: ChartPlan, host: HTMLElement): uPlot.Band[] {
  let position = 0;
  const bands: uPlot.Band[] = [];
  for (const { colour, band } of plan.lines) {
    position += 1;
    if (!band) continue;
    position += 1;
    bands.push({ series: [position, position - 1], fill: colourOf(host, `band-${colour}`) });
  }
  return bands;
}

function axesOf(plan: ChartPlan, host: HTMLElement): uPlot.Axis[] {
  const shared = {
    stroke: colourOf(host, "ink-soft"),
    font: FONT,
    grid: { stroke: colourOf(host, "grid"), width: 1 },
    ticks: { show: false },
  };
  return [
    {
      ...shared,
      size: 24,
      gap: 6,
      space: 46,
      grid: { show: false },
      values: (_, splits) => splits.map((time) => hourAndMinute(time * 1000)),
    },
    {
      ...shared,
      size: 58,
      gap: 6,
      space: 32,
      ...(plan.unit === "bytes" ? { incrs: BINARY_STEPS } : {}),
      values: (_, splits) => splits.map((value) => axisText(value, plan.unit)),
    },
  ];
}

function drawLimit(plot: uPlot, limit: number | undefined, colour: string): void {
  const top = plot.scales["y"]?.max;
  if (limit === undefined || top === undefined || top === null || limit > top) return;
  const { ctx, bbox } = plot;
  const height = Math.round(plot.valToPos(limit, "y", true));
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = uPlot.pxRatio;
  ctx.setLineDash([5 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, height);
  ctx.lineTo(bbox.left + bbox.width, height);
  ctx.stroke();
  ctx.restore();
}

/**
 * Draws a chart into an element, as wide as it is, in the colours that its style sets. `moved` is
 * told the position that the cursor stands on.
 */
export function createPlot(
  plan: ChartPlan,
  host: HTMLElement,
  live: () => Live,
  moved: (position: number | undefined) => void,
): uPlot {
  const limitColour = colourOf(host, "limit");
  const options: uPlot.Options = {
    width: host.clientWidth,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
      sync: { key: SYNC },
    },
    scales: {
      x: { time: true, range: () => [...live().range] },
      y: { range: () => [0, live().top] },
    },
    series: [{}, ...seriesOf(plan, host)],
    bands: bandsOf(plan, host),
    axes: axesOf(plan, host),
    hooks: {
      // Below the lines: a container at its limit still shows its own line.
      drawAxes: [(plot) => drawLimit(plot, live().limit, limitColour)],
      setCursor: [(plot) => moved(plot.cursor.idx ?? undefined)],
    },
  };
  return new uPlot(options, undefined, host);
}

/** Moves the cursor of every plot by some positions; without a cursor it starts at the newest. */
export function moveCursor(by: number): void {
  for (const plot of uPlot.sync(SYNC).plots) {
    const last = plot.data[0].length - 1;
    const position = Math.min(last, Math.max(0, (plot.cursor.idx ?? last + 1) + by));
    const time = plot.data[0][position];
    if (time === undefined) continue;
    plot.setCursor({ left: plot.valToPos(time, "x"), top: 10 }, true);
  }
}
