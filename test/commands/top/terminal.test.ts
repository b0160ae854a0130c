import { EventEmitter } from "node:events";

import { describe, expect, it, vi } from "vitest";

import type { Key } from "../../../commands/top/keys.ts";
import { type Streams, Terminal } from "../../../commands/top/terminal.ts";
import { until } from "../../testbed/wait.ts";

/** Stands in for both ends of a terminal. */
function fakeStreams(): {
  streams: Streams;
  written: () => string;
  modes: boolean[];
  stdin: EventEmitter;
} {
  let text = "";
  const modes: boolean[] = [];
  const stdin = Object.assign(new EventEmitter(), {
    setRawMode: (mode: boolean) => modes.push(mode),
    resume: () => undefined,
    pause: () => undefined,
  });
  const stdout = Object.assign(new EventEmitter(), {
    columns: 100,
    rows: 30,
    write: (more: string) => {
      text += more;
      return true;
    },
  });
  const streams = { stdin, stdout } as unknown as Streams;
  return { streams, written: () => text.replaceAll("\u001B", "^"), modes, stdin };
}

const PROCESS_EVENTS = ["SIGCONT", "exit", "uncaughtExceptionMonitor", "unhandledRejection"];
const listeners = (): number[] => PROCESS_EVENTS.map((name) => process.listenerCount(name));

function open(): ReturnType<typeof fakeStreams> & {
  terminal: Terminal;
  keys: Key[];
  gone: () => void;
} {
  const fake = fakeStreams();
  const keys: Key[] = [];
  const gone = vi.fn<() => void>();
  const terminal = new Terminal(fake.streams, {
    press: (key) => void keys.push(key),
    resize: () => undefined,
    back: () => undefined,
    gone,
  });
  terminal.open();
  return { ...fake, terminal, keys, gone };
}

describe("a terminal", () => {
  it("is taken over, and given back as it was, once", () => {
    const before = listeners();
    const { terminal, written, modes } = open();
    expect(written()).toBe("^[?1049h^[?25l^[?7l^[0m^[2J");
    expect(modes).toEqual([true]);
    terminal.close();
    terminal.close();
    expect(written()).toMatch(/\^\[0m\^\[\?7h\^\[\?25h\^\[\?1049l$/);
    expect(written().match(/1049l/g)).toHaveLength(1);
    expect(modes).toEqual([true, false]);
    expect(listeners()).toEqual(before);
  });

  it("is given back before the words of an end that nobody had in mind", () => {
    const { terminal, written } = open();
    // To all who listen, as Node does it.
    for (const tell of process.listeners("uncaughtExceptionMonitor")) {
      tell(new Error("x"), "uncaughtException");
    }
    expect(written()).toMatch(/1049l$/);
    terminal.close();
  });

  it("tells keys, with characters in pieces, and Escape after a while", async () => {
    const { terminal, stdin, keys } = open();
    const bytes = Buffer.from("服\u001B[A");
    stdin.emit("data", bytes.subarray(0, 2));
    stdin.emit("data", bytes.subarray(2, 4));
    stdin.emit("data", bytes.subarray(4));
    stdin.emit("data", Buffer.from("\u001B"));
    await until("Escape", () => keys.length === 3);
    expect(keys).toEqual([{ text: "服" }, { name: "up" }, { name: "escape" }]);
    terminal.close();
  });

  it("says that nobody sits there any more", () => {
    const { terminal, stdin, gone } = open();
    stdin.emit("end");
    expect(gone).toHaveBeenCalledOnce();
    terminal.close();
  });
});
