import { messageOf } from "../../lib/errors.ts";
import { peerOf } from "../../lib/http/login-options.ts";
import { openPeer } from "../../lib/http/peer.ts";
import type { Part } from "../../lib/lifecycle.ts";
import { type Ask, askStats, askWindow, probe, type Server } from "./ask.ts";
import { type Fleet, NO_FLEET, takeAnswer, takeSeries } from "./fleet.ts";
import type { Choice } from "./listing.ts";
import type { TopConfig } from "./options.ts";
import { plainText } from "./plain.ts";
import type { Streams } from "./terminal.ts";
import { View } from "./view.ts";

/** What the command runs in. */
export interface TopSurroundings extends Streams {
  /** `TERM`, `NO_COLOR` and what tells the language, as the environment has them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes a text, and waits while its reader takes none. */
  readonly write: (text: string) => Promise<void>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Tried where no address is given: the aggregator, which knows more, and the agent. */
const DEFAULT_URLS = ["http://127.0.0.1:8182", "http://127.0.0.1:8180"] as const;

/** Where the output has no width of its own: all columns. */
const WIDE = 220;

/**
 * Shows containers on the terminal until it is closed or told to quit. Where there is none, or it was
 * asked for, writes them once and gives back nothing. Throws if nobody answers.
 */
export async function startTop(
  config: TopConfig,
  surroundings: TopSurroundings,
): Promise<Part | undefined> {
  const { stdin, stdout, env } = surroundings;
  const urls = config.url === undefined ? DEFAULT_URLS : [config.url.replace(/\/+$/u, "")];
  const peer = openPeer(peerOf(config));
  const ask: Ask = (url, how) => peer.request(url, how);
  const server = await firstThatAnswers(ask, urls);
  const isPerson = stdin.isTTY && stdout.isTTY && env["TERM"] !== "dumb";
  if (isPerson && !config.once && config.format === "table") {
    const view = new View(server, choiceOf(config), {
      streams: { stdin, stdout },
      intervalMs: config.interval * 1000,
      isAscii: config.ascii || !showsUnicode(env),
      hasColours: (env["NO_COLOR"] ?? "") === "",
      now: surroundings.now,
      closed: () => peer.close(),
    });
    view.open();
    return view;
  }
  const fleet = await askOnce(server, config.format === "table");
  peer.close();
  const text = plainText(fleet, {
    format: config.format,
    choice: choiceOf(config),
    columns: stdout.isTTY && stdout.columns > 0 ? stdout.columns : WIDE,
    isAscii: config.ascii || !showsUnicode(env),
  });
  await surroundings.write(text);
  return undefined;
}

const ONCE_MS = 60_000;

/** Who runs now, and for a table what was in the window. */
async function askOnce(server: Server, isDrawn: boolean): Promise<Fleet> {
  const signal = AbortSignal.timeout(ONCE_MS);
  const told = await askStats(server, signal);
  const fleet = takeAnswer(NO_FLEET, told?.answer);
  return isDrawn ? takeSeries(fleet, await askWindow(server, signal)) : fleet;
}

function choiceOf(config: TopConfig): Choice {
  return {
    filter: config.filter,
    sort: config.sort,
    isReverse: config.reverse,
    grouping: config.group,
    isAll: config.all,
    limit: config.limit,
    folded: new Set(),
  };
}

async function firstThatAnswers(ask: Ask, urls: readonly string[]): Promise<Server> {
  const causes: string[] = [];
  for (const url of urls) {
    try {
      // oxlint-disable-next-line no-await-in-loop
      return await probe(ask, url, new AbortController().signal);
    } catch (error) {
      causes.push(messageOf(error));
    }
  }
  const start = "start one with `plimsoll up`, or name an aggregator or an agent by --url";
  throw new Error(`nobody to ask at ${urls.join(" or ")}; ${start}: ${causes.join("; ")}`);
}

/** Whether the language of the terminal says so; where nothing is said, today's terminals do. */
function showsUnicode(env: TopSurroundings["env"]): boolean {
  const language = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find(
    (value) => value !== undefined && value !== "",
  );
  return language === undefined || /utf-?8/i.test(language);
}
