import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import { readHistory } from "./api.ts";
import { Chart } from "./chart.tsx";
import { CHART_STATS, CHARTS, type ChartPlan } from "./charts.ts";
import { addAnswer, type History, nextStart, SPAN, STEP } from "./history.ts";
import { PanelHead } from "./panel-head.tsx";
import { withGaps } from "./series.ts";
import { usePoll } from "./use-poll.ts";
import { useTheme } from "./use-theme.ts";
import type { Selection } from "./view.ts";

/** What the panel shows. Give it a key of its own for each container. */
export interface PanelProps {
  readonly selection: Selection;
  /** Its row in the newest answer; undefined when it is not there any more. */
  readonly row: ContainerStats | undefined;
  /** Whether any answer has come yet: before that nothing can be said to be gone. */
  readonly known: boolean;
  readonly onClose: () => void;
}

/** Asks for the whole hour at first, then only for what is new. */
function followHistory(selection: Selection): (signal: AbortSignal) => Promise<History> {
  let history: History | undefined;
  return async (signal) => {
    const start = nextStart(history);
    const answer = await readHistory(selection, start, `${STEP}s`, CHART_STATS, signal);
    history = addAnswer(history, answer, selection);
    return history;
  };
}

function limitOf(plan: ChartPlan, container: ContainerStats): number | undefined {
  const limit = plan.limit === undefined ? null : container.limits[plan.limit];
  return limit ?? undefined;
}

interface ChartsProps {
  readonly history: History;
  readonly container: ContainerStats;
  readonly onTime: (time: number | undefined) => void;
}

function Charts({ history, container, onTime }: ChartsProps): VNode {
  const theme = useTheme();
  const [cursor, setCursor] = useState<number>();
  const series = useMemo(() => withGaps(history.series, history.interval), [history]);
  const range = useMemo(() => [history.now - SPAN, history.now] as const, [history]);
  const time = cursor === undefined ? undefined : series.times[cursor];
  useEffect(() => onTime(time), [time]);
  return (
    <div class="charts">
      {CHARTS.map((plan) => (
        <Chart
          key={plan.key}
          plan={plan}
          series={series}
          range={range}
          limit={limitOf(plan, container)}
          cursor={cursor}
          onCursor={setCursor}
          theme={theme}
        />
      ))}
    </div>
  );
}

/** The charts of one container over the last hour. */
export function Panel({ selection, row, known, onClose }: PanelProps): VNode {
  const ask = useMemo(() => followHistory(selection), []);
  const { answer: history, failure } = usePoll(ask, STEP * 1000, 10_000);
  const [time, setTime] = useState<number>();
  const seen = useRef(row);
  seen.current = row ?? seen.current;
  const container = seen.current ?? history?.container;
  const ended = known && row === undefined;
  return (
    <section class="panel" id="panel" aria-labelledby="panel-name">
      <PanelHead
        id={selection.id}
        container={container}
        ended={ended}
        newest={history?.series.times.at(-1)}
        time={time}
        onClose={onClose}
      />
      {failure !== undefined && (
        <p class="failure" role="alert">
          {history === undefined ? "No charts" : "The charts are not up to date"}: {failure}. Trying
          again.
        </p>
      )}
      {history !== undefined && history.series.times.length === 0 && (
        <p class="note">Nothing was sampled in the last hour.</p>
      )}
      {history !== undefined && container !== undefined && history.series.times.length > 0 && (
        <Charts history={history} container={container} onTime={setTime} />
      )}
      {history === undefined && failure === undefined && <p class="note">Reading the last hour…</p>}
    </section>
  );
}
