import { describe } from "vitest";

import { translateCadvisorFlags } from "../../../agent/cadvisor-flags/translate.ts";
import { parsePerfConfig } from "../../../agent/collectors/perf-config.ts";
import { isChange, parseEvent } from "../../../agent/runtimes/docker-api/events.ts";
import { parseInspected, parseListed } from "../../../agent/runtimes/docker-api/parse.ts";
import { ConfigError } from "../../../lib/errors.ts";
import { Allowed, itSurvives, textOf } from "./fuzzing.ts";
import { Dice } from "./mutate.ts";

const LISTED = {
  Id: "f17a12f07260",
  Names: ["/shop-web-1", "/other/alias"],
  Image: "busybox:1",
  ImageID: "sha256:1",
  Command: "sleep 1000",
  Created: 1_763_705_685,
  Labels: { "com.docker.compose.project": "shop", a: "b" },
  State: "running",
  Status: "Up 2 minutes (healthy)",
  HostConfig: { NetworkMode: "shop" },
  NetworkSettings: { Networks: { shop: { IPAddress: "172.18.0.2", GlobalIPv6Address: "" } } },
  Ports: [{ IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" }],
};

const INSPECTED = {
  Id: "f17a12f07260",
  Name: "/shop-web-1",
  Created: "2026-11-21T06:14:45.84308231Z",
  RestartCount: 2,
  State: {
    Status: "running",
    StartedAt: "2026-11-21T06:14:54.9914185Z",
    Health: { Status: "healthy" },
  },
  Config: {
    Image: "busybox:1",
    Labels: { a: "b" },
    Env: ["PATH=/bin", "APP_MODE=x"],
    ExposedPorts: { "80/tcp": {}, "53/udp": {} },
  },
  HostConfig: { NetworkMode: "bridge" },
  NetworkSettings: {
    Networks: { bridge: { IPAddress: "172.17.0.2", GlobalIPv6Address: "" } },
  },
};

const EVENT = {
  Type: "container",
  Action: "health_status: healthy",
  Actor: {
    ID: "f17a12f07260",
    Attributes: { name: "shop-web-1", image: "busybox:1", exitCode: "137" },
  },
  scope: "local",
  timeNano: 1_763_705_685_000_000_000,
};

const PERF = {
  core: {
    events: ["cycles", ["instructions", "r01c2"]],
    custom_events: [{ type: 4, config: ["0x5300c0"], name: "retired" }],
  },
  uncore: { events: ["uncore_imc/cas_count_read"], custom_events: null },
};

// oxfmt-ignore
const ODD_VALUES: readonly unknown[] = [
  null, 0, -1, 1e300, 1.5, true, "", "x", "__proto__", "\u0000", "9".repeat(30),
  [], [null], [1, "a"], [[]], {}, { a: null }, { a: { b: 1 } },
];

/** A copy of a value with one thing in it replaced or left out. */
function spoiled(value: unknown, dice: Dice): unknown {
  const isContainer = typeof value === "object" && value !== null;
  const keys = isContainer ? Object.keys(value) : [];
  if (keys.length === 0 || dice.roll(6) === 0) return dice.pick(ODD_VALUES);
  const key = dice.pick(keys);
  const fields = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  if (dice.roll(8) === 0) Reflect.deleteProperty(fields, key);
  else Reflect.set(fields, key, spoiled(Reflect.get(fields, key), dice));
  return fields;
}

const isText = (value: unknown): boolean => typeof value === "string";

/** A complaint unless what is told of a container is of the kinds that all others rely on. */
function complaintOf(container: ReturnType<typeof parseInspected>): string | undefined {
  const { id, name, image, state, labels, env = {}, createdAt = "", startedAt = "" } = container;
  const { restarts = 0, network } = container;
  const texts = [id, name, image, state, createdAt, startedAt];
  texts.push(...Object.values(labels), ...Object.values(env), ...(network?.addresses ?? []));
  if (!texts.every(isText)) return `something is no text: ${JSON.stringify(texts)}`;
  const numbers = [restarts, ...(network?.ports ?? [])];
  const isWhole = numbers.every((number) => Number.isSafeInteger(number) && number >= 0);
  return isWhole ? undefined : `something is no whole number: ${JSON.stringify(numbers)}`;
}

/** Survives the answer with one or two things in it replaced; the mutated file is only their seed. */
function itSurvivesAnswers(
  name: string,
  answer: unknown,
  count: number,
  check: (answer: unknown) => string | undefined,
): void {
  let seed = 0;
  itSurvives(name, JSON.stringify(answer), count, () => {
    const dice = new Dice(seed++);
    const once = seed === 1 ? answer : spoiled(answer, dice);
    const broken = dice.roll(2) === 0 ? once : spoiled(once, dice);
    Allowed.looked++;
    const complaint = check(broken);
    return complaint === undefined ? undefined : `${complaint} of ${JSON.stringify(broken)}`;
  });
}

describe("answers of an engine", () => {
  itSurvivesAnswers("a list", LISTED, 20_000, (answer) => complaintOf(parseListed(answer)));
  itSurvivesAnswers("one container", INSPECTED, 30_000, (answer) =>
    complaintOf(parseInspected(answer, ["APP", "P"])),
  );
  itSurvivesAnswers("an event", EVENT, 20_000, (answer) => {
    const event = parseEvent(JSON.stringify(answer));
    if (event === undefined) return undefined;
    isChange(event);
    return [event.id, event.action, event.name, event.image].every(isText) ? undefined : "no text";
  });
  itSurvives("a line of events", JSON.stringify(EVENT), 20_000, (file) => {
    const text = textOf(file);
    Allowed.looked++;
    try {
      parseEvent(text);
    } catch (error) {
      // What is no JSON at all is passed over, and counted.
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
    return undefined;
  });
});

describe("what operators write", () => {
  const perf = (text: string): string | undefined => {
    Allowed.looked++;
    try {
      parsePerfConfig(text);
      return undefined;
    } catch (error) {
      const isOurs = Object.getPrototypeOf(error) === Error.prototype;
      return isOurs ? undefined : `it throws ${String(error)}`;
    }
  };
  itSurvivesAnswers("events to count", PERF, 20_000, (answer) => perf(JSON.stringify(answer)));
  itSurvives("events to count, as text", JSON.stringify(PERF), 20_000, (file) =>
    perf(textOf(file)),
  );

  const flags =
    "--housekeeping_interval=1s\n--docker_only\n--port\n8080\n--listen_ip=::1\n-v=4\n" +
    "--disable_metrics=percpu,tcp\n--storage_driver=\n--storage_duration=2m\n--listen=:1\n";
  itSurvives("flags of cAdvisor", flags, 18_000, (file) => {
    const argv = textOf(file).split("\n");
    Allowed.looked++;
    try {
      translateCadvisorFlags(argv);
      return undefined;
    } catch (error) {
      return error instanceof ConfigError ? undefined : `it throws ${String(error)}`;
    }
  });
});
