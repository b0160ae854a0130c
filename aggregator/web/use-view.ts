import { useEffect, useState } from "preact/hooks";

import { encodeView, parseView, type View } from "./view.ts";

/** Shows another view; `push` lets the browser's back button return to the one before. */
export type ShowView = (view: View, how: "push" | "replace") => void;

/** The view that the URL holds, and how to change both. */
export function useView(): readonly [View, ShowView] {
  const [view, setView] = useState<View>(() => parseView(location.search));
  useEffect(() => {
    const follow = (): void => setView(parseView(location.search));
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);
  const show: ShowView = (next, how) => {
    const url = location.pathname + encodeView(next);
    if (how === "push") history.pushState(null, "", url);
    else history.replaceState(null, "", url);
    setView(next);
  };
  return [view, show];
}
