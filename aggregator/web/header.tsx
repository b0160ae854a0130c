import type { Ref, VNode } from "preact";

import type { Answer } from "./api.ts";
import { count } from "./format.ts";
import type { Counts } from "./rows.ts";
import { Status } from "./status.tsx";
import type { PollState } from "./use-poll.ts";
import type { ShowView } from "./use-view.ts";
import type { View } from "./view.ts";

/** What the header shows. */
export interface HeaderProps {
  readonly poll: PollState<Answer>;
  readonly counts: Counts;
  readonly view: View;
  readonly onView: ShowView;
  readonly searchField: Ref<HTMLInputElement>;
}

const plural = (number: number, thing: string): string =>
  `${count(number)} ${thing}${number === 1 ? "" : "s"}`;

/** The line that a ship's hull bears. */
function Mark(): VNode {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="7" />
      <path d="M1.5 12h21" />
    </svg>
  );
}

function Search({ view, onView, searchField }: HeaderProps): VNode {
  return (
    <div class="search">
      <input
        ref={searchField}
        type="search"
        aria-label="Search by name, node, image or group"
        aria-keyshortcuts="/"
        placeholder="Search"
        autocomplete="off"
        spellcheck={false}
        value={view.search}
        onInput={(event) => onView({ ...view, search: event.currentTarget.value }, "replace")}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

/** Containers only, or all cgroups. Without containers there is nothing to choose. */
function Scope({ counts, view, onView }: HeaderProps): VNode {
  const none = counts.containers === 0;
  const choice = (all: boolean, label: string, number: number): VNode => (
    <label>
      <input
        type="radio"
        name="scope"
        checked={(view.all || none) === all}
        disabled={none}
        onChange={() => onView({ ...view, all }, "replace")}
      />
      <span>
        {label} <small>{count(number)}</small>
      </span>
    </label>
  );
  return (
    <fieldset class="scope" title={none ? "There are no containers here." : undefined}>
      <legend class="unseen">Show</legend>
      {choice(false, "Containers", counts.containers)}
      {choice(true, "All cgroups", counts.cgroups)}
    </fieldset>
  );
}

/** The top of the page: what this is, how much of it there is, and whether it is live. */
export function Header(props: HeaderProps): VNode {
  const { poll, counts } = props;
  return (
    <header class="top">
      <h1>
        <Mark />
        Plimsoll
      </h1>
      {poll.answer !== undefined && (
        <p class="counts">
          <bdi class="cluster" title={poll.answer.node}>
            {poll.answer.node}
          </bdi>
          <span>{plural(counts.nodes, "node")}</span>
          <span>{plural(counts.containers, "container")}</span>
        </p>
      )}
      <Search {...props} />
      {poll.answer !== undefined && <Scope {...props} />}
      <Status poll={poll} />
    </header>
  );
}
