import { describe, expect, it } from "vitest";

import { Gate } from "../../../lib/http/gate.ts";

describe("a gate", () => {
  it("lets a few in at a time, in order, and turns away who would wait too long", async () => {
    const gate = new Gate(2, 3);
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    const work = (index: number): Promise<void> =>
      gate.run(async () => {
        most = Math.max(most, ++inside);
        order.push(index);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inside--;
      });
    const results = await Promise.allSettled([0, 1, 2, 3, 4, 5, 6].map(work));
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused.map(({ reason }) => reason)).toMatchObject([
      { statusCode: 503 },
      { statusCode: 503 },
    ]);
  });

  it("frees its place when the work fails", async () => {
    const gate = new Gate(1, 0);
    await expect(gate.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(gate.run(async () => "yes")).resolves.toBe("yes");
  });
});
