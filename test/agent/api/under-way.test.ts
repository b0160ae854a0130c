import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";

import { describe, expect, it } from "vitest";

import { UnderWay } from "../../../agent/api/under-way.ts";

const someone = (): ServerResponse => new EventEmitter() as ServerResponse;

describe("answers under way", () => {
  it("count once, however many read them, until the last has gone", () => {
    const underWay = new UnderWay(100);
    const body = Buffer.alloc(60);
    const [one, other] = [someone(), someone()];
    underWay.hold(body, one);
    underWay.hold(body, other);
    expect(underWay.bytes).toBe(60);
    one.emit("close");
    expect(underWay.bytes).toBe(60);
    other.emit("close");
    expect(underWay.bytes).toBe(0);
  });

  it("are refused where others hold too much, whatever their own size", () => {
    const underWay = new UnderWay(100);
    const reader = someone();
    underWay.hold(Buffer.alloc(150), reader);
    expect(() => underWay.hold(Buffer.alloc(1), someone())).toThrow(/slow readers/);
    reader.emit("close");
    underWay.hold(Buffer.alloc(1), someone());
    expect(underWay.bytes).toBe(1);
  });
});
