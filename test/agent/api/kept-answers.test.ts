import { gunzipSync } from "node:zlib";

import { expect, it } from "vitest";

import { type Answer, KeptAnswers } from "../../../agent/api/kept-answers.ts";
import { Window } from "../../../agent/window/window.ts";

interface World {
  readonly answers: KeptAnswers;
  /** How many answers have been written. */
  written: number;
  readonly pass: () => void;
  /** Writes the number of the answer, once it may. */
  readonly write: () => Promise<Answer>;
  may: Promise<void>;
}

function world(): World {
  const window = new Window(60, 60_000);
  const made: World = {
    answers: new KeptAnswers(window),
    written: 0,
    may: Promise.resolve(),
    pass: () => window.endPass(window.beginPass(), 0),
    write: async () => {
      const number = ++made.written;
      await made.may;
      return { contentType: "text/plain", body: Buffer.from(`answer ${number}`) };
    },
  };
  made.pass();
  return made;
}

const ask = async ({ answers, write }: World): Promise<string> =>
  String((await answers.plain("question", write)).body);

const askZipped = async ({ answers, write }: World): Promise<string> =>
  String(gunzipSync((await answers.zipped("question", write)).body));

it("a thousand who ask the same in a second cost as much as one", async () => {
  const here = world();
  const all = await Promise.all(Array.from({ length: 1000 }, () => ask(here)));
  expect(new Set(all)).toEqual(new Set(["answer 1"]));
  expect(await askZipped(here)).toBe("answer 1");
  expect(here.written).toBe(1);
});

it("who asks after a pass gets the new answer, where few have asked", async () => {
  const here = world();
  await ask(here);
  here.pass();
  expect(await ask(here)).toBe("answer 2");
});

it.each([
  ["plain", ask],
  ["zipped", askZipped],
] as const)("nobody of many waits for the new answer: %s", async (form, asking) => {
  const here = world();
  for (let count = 0; count < 10; count++) await asking(here);
  here.pass();
  let go = (): void => {};
  here.may = new Promise((resolve) => (go = resolve));
  expect(here.answers.tickOf("question", form)).toBe(1);
  expect(await asking(here)).toBe("answer 1");
  expect(await asking(here)).toBe("answer 1");
  expect(here.written).toBe(2);
  go();
  await expect.poll(() => asking(here)).toBe("answer 2");
  expect(here.answers.tickOf("question", form)).toBe(2);
});

it("what fails is not kept", async () => {
  const here = world();
  const fail = (): Promise<Answer> => Promise.reject(new Error("cannot"));
  await expect(here.answers.plain("question", fail)).rejects.toThrow("cannot");
  expect(await ask(here)).toBe("answer 1");
});
