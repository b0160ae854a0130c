import { expect, it } from "vitest";

import { reasonOf } from "../../../agent/filesystems/failure.ts";
import { Patience } from "../../../agent/filesystems/patience.ts";

/** Work that ends when it is told to, and the telling. */
function held(): { work: () => Promise<string>; end: () => void } {
  let end = (): void => {};
  const done = new Promise<string>((resolve) => (end = () => resolve("late")));
  return { work: () => done, end };
}

it("passes on what comes in time", async () => {
  const patience = new Patience(1000);
  expect(await patience.wait("a", async () => 7)).toBe(7);
  const fails = patience.wait("a", async () => {
    throw new Error("broken");
  });
  await expect(fails).rejects.toThrow("broken");
});

it("gives up what does not answer, and asks there no more until it has", async () => {
  const patience = new Patience(20);
  const { work, end } = held();
  expect(await patience.wait("server:/export", work).catch(reasonOf)).toBe("timeout");
  let asked = 0;
  const again = async (): Promise<number> => ++asked;
  expect(await patience.wait("server:/export", again).catch(reasonOf)).toBe("stuck");
  expect(await patience.wait("/dev/sda1", again)).toBe(1);
  end();
  await new Promise(setImmediate);
  expect(await patience.wait("server:/export", again)).toBe(2);
});

it("asks nothing more when two places are stuck", async () => {
  const patience = new Patience(20);
  const [one, two] = [held(), held()];
  await Promise.allSettled([patience.wait("a", one.work), patience.wait("b", two.work)]);
  expect(await patience.wait("c", async () => 1).catch(reasonOf)).toBe("stuck");
  one.end();
  await new Promise(setImmediate);
  expect(await patience.wait("c", async () => 1)).toBe(1);
});

it("is not impatient with work that rests, and tells it when nobody waits any more", async () => {
  const patience = new Patience(20);
  const rested = patience.wait("a", async (patient) => {
    patient.resting();
    await new Promise((done) => setTimeout(done, 80));
    patient.asking();
    return patient.isGivenUp;
  });
  expect(await rested).toBe(false);
  let isGivenUp = false;
  const { work, end } = held();
  const lost = patience.wait("a", async (patient) => {
    await work();
    ({ isGivenUp } = patient);
  });
  expect(await lost.catch(reasonOf)).toBe("timeout");
  end();
  await new Promise(setImmediate);
  expect(isGivenUp).toBe(true);
});
