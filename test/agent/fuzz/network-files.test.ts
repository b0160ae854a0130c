import { describe } from "vitest";

import { parsePair } from "../../../agent/collectors/advanced-tcp.ts";
import { parseNetDev } from "../../../agent/collectors/network.ts";
import { addLines } from "../../../agent/collectors/socket-list.ts";
import { addTcp } from "../../../agent/collectors/tcp.ts";
import { addUdp } from "../../../agent/collectors/udp.ts";
import { encodeLabels } from "../../../wire/exposition/encode.ts";
import { TCP_STATES } from "../../../wire/metrics/tcp.ts";
import { Allowed, itSurvives, recorded, textOf, wholeLines } from "./fuzzing.ts";

/** Fields of an interface: bytes, packets, errors, dropped, in and out. */
const FIELDS = [0, 1, 2, 3, 8, 9, 10, 11];

describe("net/dev", () => {
  itSurvives("of a container", recorded("net-dev"), 45_000, (file) => {
    const allowed = new Allowed();
    for (const line of wholeLines(file)) {
      const [, name, rest = ""] = /^ *([^:]*):(.*)$/s.exec(line) ?? [];
      const fields = rest.split(" ").filter((field) => field !== "");
      if (name === undefined || fields.length !== 16) continue;
      const label = encodeLabels({ interface: name });
      for (const [place, field] of FIELDS.entries()) {
        const value = fields[field]!;
        if (/^\d{1,20}$/.test(value)) allowed.add(`${label} ${place}`, Number(value));
      }
    }
    const into = new Map<string, Float64Array>();
    parseNetDev(file, into);
    for (const [label, values] of into) {
      for (const [place, value] of values.entries()) {
        const complaint = allowed.complaint(`${label} ${place}`, value);
        if (complaint !== undefined) return complaint;
      }
    }
    return undefined;
  });
});

/** The words of a line, as the kernel pads them. */
function wordsOf(line: string): string[] {
  return line.split(" ").filter((word) => word !== "");
}

describe("lists of sockets", () => {
  itSurvives("of TCP", recorded("proc/tcp"), 18_000, (file) => {
    const expected = new Float64Array(TCP_STATES.length);
    for (const line of wholeLines(file)) {
      const [, , , state = ""] = wordsOf(line);
      if (!/^[\dA-F]{2}$/.test(state)) continue;
      const number = Number.parseInt(state, 16);
      const place = (number === 12 ? 3 : number) - 1;
      if (place >= 0 && place < expected.length) expected[place]!++;
    }
    const counts = new Float64Array(TCP_STATES.length);
    addLines(file.bytes, file.length, counts, addTcp);
    Allowed.looked++;
    return String(counts) === String(expected)
      ? undefined
      : `${String(counts)} is not ${String(expected)}`;
  });

  itSurvives("of UDP", recorded("proc/udp"), 18_000, (file) => {
    const expected = new Float64Array(4);
    for (const line of wholeLines(file)) {
      const words = wordsOf(line);
      const [, sent = "", received = ""] = /^([\dA-F]{8}):([\dA-F]{8})$/.exec(words[4] ?? "") ?? [];
      if (sent === "" || !/^\d{1,20}$/.test(words[12] ?? "")) continue;
      const numbers = [
        1,
        Number(words[12]),
        Number.parseInt(received, 16),
        Number.parseInt(sent, 16),
      ];
      for (const [place, number] of numbers.entries()) expected[place]! += number;
    }
    const counts = new Float64Array(4);
    addLines(file.bytes, file.length, counts, addUdp);
    Allowed.looked++;
    return String(counts) === String(expected)
      ? undefined
      : `${String(counts)} is not ${String(expected)}`;
  });
});

describe("counts of protocols", () => {
  for (const [name, prefix] of [
    ["snmp", "Tcp:"],
    ["netstat", "TcpExt:"],
  ] as const) {
    itSurvives(name, recorded(`proc/${name}`), 20_000, (file) => {
      const allowed = new Allowed();
      const lines = wholeLines(file);
      for (const [index, line] of lines.entries()) {
        const [names, values] = [line.split(" "), (lines[index + 1] ?? "").split(" ")];
        if (names[0] !== prefix || values[0] !== prefix || names.length !== values.length) continue;
        for (const [place, word] of names.entries()) {
          if (/^-?\d{1,20}$/.test(values[place]!)) {
            allowed.add(word.toLowerCase(), Number(values[place]));
          }
        }
      }
      let complaint: string | undefined;
      parsePair(textOf(file), prefix, (word, value) => {
        complaint ??= allowed.complaint(word, value);
      });
      return complaint;
    });
  }
});
