import { expect, it } from "vitest";

import { classifyExit, signalOf } from "../../../agent/events/exit.ts";

it.each([
  [137, 9],
  [143, 15],
  [129, 1],
  [128, undefined],
  [0, undefined],
  [1, undefined],
  [255, undefined],
  [undefined, undefined],
])("exit code %s tells of signal %s", (code, signal) => {
  expect(signalOf(code)).toBe(signal);
});

it.each([
  ["a program that ends well", 0, undefined, false, "completed"],
  ["a program that fails", 1, undefined, false, "crash"],
  ["a stop that the program obeys", 0, 15, false, "planned"],
  ["a stop that the program answers with a failure", 1, 15, false, "planned"],
  ["a stop that was not obeyed", 137, 9, false, "planned"],
  ["an image's own stop signal", 131, 3, false, "planned"],
  ["a stop from outside", 143, undefined, false, "planned"],
  ["a crash by a signal", 139, undefined, false, "crash"],
  ["a kill for the lack of memory", 137, undefined, true, "oom"],
  [
    "a child killed for the lack of memory, after which the program failed",
    1,
    undefined,
    true,
    "crash",
  ],
  ["a kill for the lack of memory during a stop", 137, 15, true, "oom"],
  ["a kill that nobody explains", 137, undefined, false, "unknown"],
  ["an end without a code", undefined, undefined, false, "unknown"],
  ["a signal that ends nothing", 1, 10, false, "crash"],
] as const)("%s", (_, exitCode, asked, wasOutOfMemory, expected) => {
  expect(classifyExit({ exitCode, asked, wasOutOfMemory })).toBe(expected);
});
