import type { Journal } from "../../lib/journal/journal.ts";
import type { NewEvent } from "./event.ts";

/** All that has happened, as both programs keep it. */
export type EventLog = Journal<NewEvent>;
