import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";

import {
  address,
  choice,
  flag,
  integer,
  list,
  number,
  structured,
  text,
} from "../../../lib/config/builders.ts";
import { Unfit } from "../../../lib/config/option.ts";
import { prefixed, unprefixed } from "../../../lib/config/prefix.ts";
import { readConfig } from "../../../lib/config/read.ts";
import type { Config, ReadConfig } from "../../../lib/config/read.ts";
import { ConfigError, EarlyExit } from "../../../lib/errors.ts";

const options = {
  listen: address({ default: "127.0.0.1:8180", help: "Where to answer." }),
  node: text({ help: "The node's name." }),
  "window.seconds": integer({
    default: 60,
    min: 5,
    max: 3600,
    help: "How long to keep samples.",
    aliases: [{ flag: "storage_duration", parse: goSeconds }],
  }),
  "history.kind": choice({ values: ["duckdb", "none"], default: "duckdb", help: "The store." }),
  "metrics.enable": list({ default: ["all"], help: "Which metrics." }),
  "docker.only": flag({ help: "Docker's containers only.", aliases: [{ flag: "docker_only" }] }),
  scrape_ratio: number({ default: 0.5, help: "A ratio." }),
  "influx.password": text({
    help: "The password.",
    secret: true,
    check: (value) => (value.length < 4 ? "must have 4 letters at least" : undefined),
  }),
  scrape_configs: structured<readonly string[]>({ default: [], help: "Jobs.", parse: jobNames }),
};

function goSeconds(raw: string): string {
  if (!raw.endsWith("m0s")) throw new Unfit("must be minutes");
  return String(Number.parseInt(raw, 10) * 60);
}

function jobNames(raw: unknown): readonly string[] {
  if (!Array.isArray(raw)) throw new Unfit("must be a list of jobs");
  return raw.map((job: { job_name: string }) => job.job_name);
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function yaml(content: string): string {
  const path = join(folder, `${crypto.randomUUID()}.yaml`);
  writeFileSync(path, content);
  return path;
}

type Asked = Partial<Omit<ReadConfig<typeof options>, "options">>;

function read(argv: readonly string[] = [], rest: Asked = {}): Config<typeof options> {
  return readConfig({ options, argv, env: {}, command: "agent", ...rest });
}

function complaint(argv: readonly string[], rest: Asked = {}): string {
  try {
    read(argv, rest);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as ConfigError;
    expect(message).not.toContain("\n");
    return message;
  }
  throw new Error("nothing was refused");
}

function exitText(argv: readonly string[], rest: Asked = {}): string {
  try {
    read(argv, rest);
  } catch (error) {
    expect(error).toBeInstanceOf(EarlyExit);
    expect((error as EarlyExit).code).toBe(0);
    return (error as EarlyExit).text;
  }
  throw new Error("the program would have gone on");
}

describe("values", () => {
  it("are the defaults when nobody says anything", () => {
    const { values, sources, file } = read();
    expect(values).toEqual({
      listen: "127.0.0.1:8180",
      node: undefined,
      "window.seconds": 60,
      "history.kind": "duckdb",
      "metrics.enable": ["all"],
      "docker.only": false,
      scrape_ratio: 0.5,
      "influx.password": undefined,
      scrape_configs: [],
      config: undefined,
      "log.level": "info",
      "log.format": "text",
    });
    expect(new Set(Object.values(sources))).toEqual(new Set(["default"]));
    expect(file).toBeUndefined();
  });

  it("have the types that the table says", () => {
    const { values } = read();
    expectTypeOf(values["window.seconds"]).toEqualTypeOf<number>();
    expectTypeOf(values.node).toEqualTypeOf<string | undefined>();
    expectTypeOf(values["history.kind"]).toEqualTypeOf<"duckdb" | "none">();
    expectTypeOf(values["log.format"]).toEqualTypeOf<"text" | "json">();
  });

  it("come from the flag before the environment before the file", () => {
    const path = yaml("window.seconds: 10\nnode: file\nlisten: ':1'\n");
    const env = { PLIMSOLL_WINDOW_SECONDS: "20", PLIMSOLL_NODE: "environment" };
    const { values, sources, file } = read(["--window-seconds", "30", "--config", path], { env });
    expect(values).toMatchObject({ "window.seconds": 30, node: "environment", listen: ":1" });
    expect(sources).toMatchObject({
      "window.seconds": "flag",
      node: "environment",
      listen: "file",
      "history.kind": "default",
      config: "flag",
    });
    expect(file).toBe(path);
  });
});

const only = (...argv: string[]): boolean => read(argv).values["docker.only"];

describe("flags", () => {
  it("take their value after a blank or an equals sign; the last one counts", () => {
    expect(read(["--node=a=b", "--window-seconds", "5"]).values).toMatchObject({
      node: "a=b",
      "window.seconds": 5,
    });
    expect(read(["--node", "a", "--node", "-1h"]).values.node).toBe("-1h");
    expect(read(["--node="]).values.node).toBe("");
  });

  it("switch without a value, off with one or with --no-", () => {
    expect(only("--docker-only")).toBe(true);
    expect(only("--docker-only=false")).toBe(false);
    expect(only("--no-docker-only")).toBe(false);
    expect(complaint(["--docker-only", "true"])).toContain('arguments "true"');
    expect(complaint(["--no-docker-only=true"])).toContain("takes no value");
  });

  it("add up for a list", () => {
    const argv = ["--metrics-enable", "cpu,memory", "--metrics-enable=disk"];
    expect(read(argv).values["metrics.enable"]).toEqual(["cpu", "memory", "disk"]);
    expect(read(["--metrics-enable="]).values["metrics.enable"]).toEqual([]);
  });

  it("have other programs' spellings, with one dash or two", () => {
    expect(read(["--storage_duration=2m0s"]).values["window.seconds"]).toBe(120);
    expect(read(["-storage_duration", "3m0s", "-docker_only"]).values).toMatchObject({
      "window.seconds": 180,
      "docker.only": true,
    });
    expect(complaint(["--storage_duration", "5"])).toBe(
      'window.seconds "5": must be minutes (from --storage_duration)',
    );
  });

  it("may have an underscore in their name", () => {
    expect(read(["--scrape-ratio", "0.25"]).values.scrape_ratio).toBe(0.25);
    const env = { PLIMSOLL_SCRAPE_RATIO: "0.75" };
    expect(read([], { env }).values.scrape_ratio).toBe(0.75);
  });
});

describe("the environment", () => {
  it("does not count when empty or somebody else's", () => {
    const env = { PLIMSOLL_WINDOW_SECONDS: "", PATH: "/bin", plimsoll_node: "x" };
    expect(read([], { env }).values).toMatchObject({ "window.seconds": 60, node: undefined });
  });

  it("may hold another program's settings if that is said", () => {
    const env = { PLIMSOLL_AGENT_LISTEN: ":1" };
    expect(read([], { env, ignoreEnv: ["agent"] }).values.listen).toBe("127.0.0.1:8180");
    expect(complaint([], { env })).toContain("PLIMSOLL_AGENT_LISTEN");
  });

  it("may hold what Kubernetes says of a service of our name", () => {
    const env = {
      PLIMSOLL_SERVICE_HOST: "10.0.0.1",
      PLIMSOLL_SERVICE_PORT: "8180",
      PLIMSOLL_SERVICE_PORT_HTTP: "8180",
      PLIMSOLL_PORT: "tcp://10.0.0.1:8180",
      PLIMSOLL_PORT_8180_TCP: "tcp://10.0.0.1:8180",
      PLIMSOLL_PORT_8180_TCP_PROTO: "tcp",
      PLIMSOLL_PORT_8180_TCP_PORT: "8180",
      PLIMSOLL_AGENT_PORT_8180_TCP_ADDR: "10.0.0.1",
    };
    expect(read([], { env }).values.listen).toBe("127.0.0.1:8180");
  });

  it("names the file", () => {
    const path = yaml("node: a");
    const config = read([], { env: { PLIMSOLL_CONFIG: path } });
    expect(config.values.node).toBe("a");
    expect(config.file).toBe(path);
  });
});

const fromFile = (content: string): Config<typeof options>["values"] =>
  read(["--config", yaml(content)]).values;

describe("the file", () => {
  it("may nest or use dots, and says lists as lists or texts", () => {
    expect(fromFile("window: { seconds: 90 }\nhistory:\n  kind: none\n")).toMatchObject({
      "window.seconds": 90,
      "history.kind": "none",
    });
    expect(fromFile("window.seconds: 90")["window.seconds"]).toBe(90);
    expect(fromFile("metrics.enable: [cpu, memory]")["metrics.enable"]).toEqual(["cpu", "memory"]);
    expect(fromFile("metrics.enable: cpu,memory")["metrics.enable"]).toEqual(["cpu", "memory"]);
    expect(fromFile("docker: { only: true }")["docker.only"]).toBe(true);
    expect(fromFile("log: { level: debug }")["log.level"]).toBe("debug");
  });

  it("keeps texts as they were written", () => {
    expect(fromFile("node: 007").node).toBe("007");
    expect(fromFile("node: 1e3").node).toBe("1e3");
    expect(fromFile("node: true").node).toBe("true");
    expect(fromFile("node: 'a b'").node).toBe("a b");
  });

  it("holds rich values, aliases resolved", () => {
    const jobs = "scrape_configs:\n- &one { job_name: a }\n- *one\n- job_name: b\n";
    expect(fromFile(jobs).scrape_configs).toEqual(["a", "a", "b"]);
  });

  it.each(["node: *hunter2", "scrape_configs: [{ job_name: *hunter2 }]"])(
    "neither takes nor shows what YAML takes for an alias: %s",
    (written) => {
      expect(() => fromFile(written)).toThrow(ConfigError);
      expect(() => fromFile(written)).toThrow(/^(?!.*hunter2).*has an alias .* line 1/);
    },
  );

  it("may be empty, or leave a setting empty", () => {
    expect(fromFile("").listen).toBe("127.0.0.1:8180");
    expect(fromFile("# nothing\n").listen).toBe("127.0.0.1:8180");
    expect(fromFile("listen:\nwindow:\n").listen).toBe("127.0.0.1:8180");
  });

  it.each([
    ["widow.seconds: 5", 'widow.seconds "5": no such setting', "did you mean window.seconds?"],
    ["window: { secs: 5 }", 'window.secs "5": no such setting', "did you mean window.seconds?"],
    ["a: { b: 1 }", "a: no such setting", "--help lists all settings"],
    ["window: 5", "window", "must hold NAME: VALUE lines"],
    ["- a", "config", "must hold NAME: VALUE lines"],
    ["listen: { a: b }", "listen", "must be a single value"],
    ["window.seconds: [5]", "window.seconds", "must be a single value"],
    ["window.seconds: 1\nwindow: { seconds: 9 }", "window.seconds", "given twice"],
    ["scrape_configs: 5", "scrape_configs 5", "must be a list of jobs"],
    ["a: [", "config", "is not YAML at line 1"],
    ["listen: ':1'\nlisten: ':2'", "config", "is not YAML at line 2"],
    ["config: x.yaml", "config", "no such setting"],
    ["help: true", "help", "no such setting"],
    ["constructor: x", 'constructor "x": no such setting'],
    ["toString: { a: 1 }", "toString: no such setting"],
    ["__proto__: { listen: ':1' }", "__proto__: no such setting"],
    ["node: a\n---\nnode: b", "config", "second YAML document from line 2 on; keep one of them"],
  ])("is refused when it says %j", (content, ...parts) => {
    const message = complaint(["--config", yaml(content)]);
    for (const part of parts) expect(message).toContain(part);
  });

  it("names itself and the line where a value is bad", () => {
    const path = yaml("node: a\nwindow:\n  seconds: 1\n");
    expect(complaint(["--config", path])).toBe(
      `window.seconds "1": must be a whole number from 5 to 3600 (from ${path} line 3)`,
    );
  });

  it("must be there and be a file", () => {
    expect(complaint(["--config", join(folder, "none.yaml")])).toMatch(
      /^config ".*none.yaml": cannot be read \(ENOENT.*\); name a YAML file$/u,
    );
    expect(complaint(["--config", folder])).toContain("EISDIR");
  });
});

describe("what cannot be", () => {
  it.each([
    [["--lisen", ":1"], "--lisen: no such setting; did you mean --listen?"],
    [["--windw-seconds=9"], '--windw-seconds "9": no such setting; did you mean --window-seconds?'],
    [["--zzzz"], "--zzzz: no such setting; --help lists all settings"],
    [["-x"], "-x: no such setting; --help lists all settings"],
    [["--scrape-configs", "x"], "--scrape-configs: no such setting"],
    [["stray"], 'arguments "stray": this is not a setting; write --NAME VALUE'],
    [["--"], 'arguments "--": this is not a setting'],
    [["--listen"], "listen: needs a value; write --listen HOST:PORT"],
    [["--listen", "--node", "x"], "listen: needs a value"],
    [["--listen", "abc"], 'listen "abc": must be HOST:PORT'],
    [["--window-seconds", "abc"], 'window.seconds "abc": must be a whole number from 5 to 3600'],
    [["--history-kind", "sqlite"], 'history.kind "sqlite": must be one of duckdb, none'],
    [["--log-level", "loud"], 'log.level "loud": must be one of trace'],
    [["--help=maybe"], 'help "maybe": must be true or false'],
  ])("%j is refused", (argv, message) => {
    expect(complaint(argv)).toContain(message);
  });

  it("names the variable it came from, or the one that was meant", () => {
    expect(complaint([], { env: { PLIMSOLL_WINDOW_SECONDS: "x" } })).toContain(
      "(from PLIMSOLL_WINDOW_SECONDS)",
    );
    expect(complaint([], { env: { PLIMSOLL_WINDOWS_SECONDS: "9" } })).toBe(
      'PLIMSOLL_WINDOWS_SECONDS "9": no such setting; did you mean PLIMSOLL_WINDOW_SECONDS?',
    );
  });

  it("does not take a name for another because both are ours", () => {
    expect(complaint([], { env: { PLIMSOLL_BOGUS: "9" } })).toBe(
      'PLIMSOLL_BOGUS "9": no such setting; --help lists all settings',
    );
    expect(complaint([], { env: { PLIMSOLL_NODES: "9" } })).toContain(
      "did you mean PLIMSOLL_NODE?",
    );
    for (const name of ["constructor", "toString", "__proto__"]) {
      expect(complaint([`--${name}=x`])).toContain("no such setting");
      expect(complaint([], { env: { [`PLIMSOLL_${name}`]: "x" } })).toContain("no such setting");
    }
  });

  it("never shows a secret, not even one under a wrong name", () => {
    for (const [argv, env] of [
      [["--influx-password", "abc"], {}],
      [["--influx-pasword=abc"], {}],
      [[], { PLIMSOLL_INFLUX_PASSWORD: "abc" }],
      [[], { PLIMSOLL_API_TOKEN: "abc" }],
      [["--config", yaml("influx: { password: abc }")], {}],
      [["--config", yaml("influx: { passwort: abc }")], {}],
    ] as const) {
      const message = complaint(argv, { env });
      expect(message).not.toContain("abc");
      expect(message).toMatch(/\(value not shown\)/u);
    }
  });
});

const verify = (): void => {
  throw new ConfigError("node", undefined, "must be set with this listen");
};

describe("requests", () => {
  it("--help lists every setting with its default, without reading anything else", () => {
    const help = exitText(["--help", "--config", "/nowhere"], { env: { PLIMSOLL_BAD: "1" } });
    expect(help).toContain("Usage: plimsoll agent");
    expect(help).toMatch(/--listen HOST:PORT\n +Where to answer. \(default 127.0.0.1:8180\)/u);
    expect(help).toContain("--log-level trace|debug|info|warn|error");
    expect(help).toContain("(from 5 to 3600; default 60; also --storage_duration)");
    expect(help).toContain("scrape_configs (in the file only)");
    expect(help).toContain("--check-config");
    expect(help.match(/PLIMSOLL_/gu)).toHaveLength(1);
    expect(help.replaceAll("\n", " ")).toContain(
      '"window.seconds: VALUE" or "window: { seconds: VALUE }"',
    );
    expect(exitText(["-h"])).toBe(exitText(["--help"]));
    for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  it("--version names it", () => {
    expect(exitText(["--version"])).toMatch(/^plimsoll \d+\.\d+\.\d+/u);
  });

  it("--check-config checks everything and ends", () => {
    expect(exitText(["--check-config"])).toBe("The configuration is good.");
    expect(complaint(["--check-config", "--listen", "x"])).toContain("listen");
    expect(complaint(["--check-config"], { verify })).toContain("must be set");
  });
});

describe("prefixed", () => {
  const both = { ...prefixed("agent", options), ...prefixed("aggregator", options) };

  it("gives one command two programs' settings, in all three spellings", () => {
    const path = yaml("aggregator:\n  node: c\n");
    const { values } = readConfig({
      options: both,
      argv: ["--agent-listen", ":1", "--config", path],
      env: { PLIMSOLL_AGGREGATOR_LISTEN: ":2" },
      command: "up",
    });
    expect(values["agent.listen"]).toBe(":1");
    const aggregator = unprefixed("aggregator", values);
    expect(aggregator).toMatchObject({ listen: ":2", node: "c", "window.seconds": 60 });
    expect(aggregator).not.toHaveProperty("log.level");
    expectTypeOf(aggregator["window.seconds"]).toEqualTypeOf<number>();
  });

  it("leaves other programs' spellings out and groups by program", () => {
    const asked = { options: both, env: {}, command: "up" };
    expect(() => readConfig({ ...asked, argv: ["--docker_only"] })).toThrow("no such setting");
    try {
      readConfig({ ...asked, argv: ["--help"] });
      expect.unreachable();
    } catch (error) {
      expect((error as EarlyExit).text).toMatch(/agent:\n {2}--agent-listen/u);
    }
  });
});
