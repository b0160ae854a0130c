import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { type Answer, readTable } from "./api.ts";
import { Empty } from "./empty.tsx";
import { Header } from "./header.tsx";
import { Panel } from "./panel.tsx";
import { countRows, keyOf, rowsOf } from "./rows.ts";
import { Table } from "./table.tsx";
import { usePoll, type PollState } from "./use-poll.ts";
import { type ShowView, useView } from "./use-view.ts";
import { sortAfterClick, type View } from "./view.ts";

function withoutSelection({ search, sort, all }: View): View {
  return { search, sort, all };
}

/** `/` goes to the search field; Escape empties it, and outside of it closes the charts. */
function useKeys(view: View, show: ShowView): { readonly current: HTMLInputElement | null } {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const inField = event.target === field.current;
      if (event.key === "/" && !inField && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        field.current?.focus();
        field.current?.select();
      } else if (event.key === "Escape" && inField && view.search !== "") {
        event.preventDefault();
        show({ ...view, search: "" }, "replace");
      } else if (event.key === "Escape" && view.selected !== undefined) {
        show(withoutSelection(view), "push");
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [view]);
  return field;
}

interface MainProps {
  readonly poll: PollState<Answer>;
  readonly view: View;
  readonly show: ShowView;
}

function Main({ poll, view, show }: MainProps): VNode {
  const all = poll.answer?.containers ?? [];
  const rows = rowsOf(all, view);
  if (poll.answer === undefined || rows.length === 0)
    return (
      <Empty
        poll={poll}
        search={view.search}
        onClear={() => show({ ...view, search: "" }, "replace")}
      />
    );
  return (
    <Table
      rows={rows}
      nodes={countRows(all).nodes > 1}
      sort={view.sort}
      selected={view.selected}
      now={Date.parse(poll.answer.time)}
      onSort={(column) => show({ ...view, sort: sortAfterClick(view.sort, column) }, "replace")}
      onSelect={(selected) => show({ ...view, selected }, "push")}
    />
  );
}

/** The whole page. */
export function Page(): VNode {
  const [view, show] = useView();
  const poll = usePoll(readTable, 1000, 5000);
  const field = useKeys(view, show);
  const all = poll.answer?.containers ?? [];
  const { selected } = view;
  const cluster = poll.answer?.node;
  useEffect(() => {
    document.title = cluster === undefined ? "Plimsoll" : `${cluster} – Plimsoll`;
  }, [cluster]);
  return (
    <>
      <Header poll={poll} counts={countRows(all)} view={view} onView={show} searchField={field} />
      <main class={poll.answer !== undefined && poll.failure !== undefined ? "old" : undefined}>
        <Main poll={poll} view={view} show={show} />
      </main>
      {selected !== undefined && (
        <Panel
          key={keyOf(selected)}
          selection={selected}
          row={all.find((row) => keyOf(row) === keyOf(selected))}
          known={poll.answer !== undefined}
          onClose={() => show(withoutSelection(view), "push")}
        />
      )}
    </>
  );
}
