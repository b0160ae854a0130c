import { describe, expect, it } from "vitest";

import { encodeLine, piece } from "../../../commands/top/line.ts";
import { Screen } from "../../../commands/top/screen.ts";

function open(): { screen: Screen; taken: () => string } {
  let text = "";
  const screen = new Screen({
    write(more) {
      text += more;
      return true;
    },
  });
  return {
    screen,
    taken() {
      const all = text;
      text = "";
      return all.replaceAll("\u001B", "^");
    },
  };
}

describe("the screen", () => {
  it("writes only the lines that have changed", () => {
    const { screen, taken } = open();
    screen.draw(["a", "b", "c"]);
    expect(taken()).toBe("^[1;1H^[0m^[Ka^[2;1H^[0m^[Kb^[3;1H^[0m^[Kc");
    screen.draw(["a", "B", "c"]);
    expect(taken()).toBe("^[2;1H^[0m^[KB");
    screen.draw(["a", "B", "c"]);
    expect(taken()).toBe("");
  });

  it("empties lines that there are no more", () => {
    const { screen, taken } = open();
    screen.draw(["a", "b"]);
    taken();
    screen.draw(["a"]);
    expect(taken()).toBe("^[2;1H^[0m^[K");
  });

  it("writes everything after it was forgotten", () => {
    const { screen, taken } = open();
    screen.draw(["a"]);
    screen.forget();
    taken();
    screen.draw(["a"]);
    expect(taken()).toBe("^[1;1H^[0m^[Ka");
  });

  it("says when no more is welcome", () => {
    const screen = new Screen({ write: () => false });
    expect(screen.draw(["a"])).toBe(false);
    expect(screen.draw(["a"])).toBe(true);
  });
});

describe("a line", () => {
  it("has colours only where they are wanted, and shows what is chosen all the same", () => {
    const line = [piece("a", "bad"), piece("b", "chosen")];
    expect(encodeLine(line, true)).toBe("\u001B[1;31ma\u001B[0m\u001B[7mb\u001B[0m");
    expect(encodeLine(line, false)).toBe("a\u001B[7mb\u001B[0m");
  });
});
