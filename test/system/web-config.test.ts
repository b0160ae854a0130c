import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import bcrypt from "bcryptjs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { type CertificateFiles, makeCertificates } from "../testbed/certificates.ts";
import { runToEnd } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { commandPath } from "../testbed/parts.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { startPrometheus } from "../testbed/prometheus.ts";
import { until } from "../testbed/wait.ts";
import { seriesValue } from "./ask.ts";
import { askSecured, basic, openSecured, type Shown, talkSecured, type Told } from "./secured.ts";
import { NO_CRI, NO_ENGINE } from "./start-agent.ts";

const PASSWORD = "only the test knows";
const TOKEN = "a-token-that-only-the-test-knows";
const HASH = bcrypt.hashSync(PASSWORD, 6);

interface Secured {
  readonly program: Program;
  readonly port: number;
  readonly url: string;
}

interface TargetAnswer {
  readonly job: string;
  readonly state: string;
  readonly error?: { readonly message: string };
}

let folder: string;
let ca: string;
let server: CertificateFiles;
let client: CertificateFiles;
let stranger: CertificateFiles;
const programs: Program[] = [];
const sockets: Socket[] = [];

/** TLS, a user and a token. */
let agent: Secured;
/** A certificate with a name, and nothing else. */
let strict: Secured;
let aggregator: Secured;
let right: Shown;

const inFolder = (name: string): string => join(folder, name);

/** Starts a program that answers over TLS, and waits until it does. */
async function secured(
  command: string,
  webConfig: string,
  ...args: readonly string[]
): Promise<Secured> {
  const port = await freePort();
  const file = inFolder(`web-${programs.length}.yml`);
  await writeFile(file, webConfig);
  const program = await startProgram([
    command,
    `--listen=127.0.0.1:${port}`,
    `--web-config-file=${file}`,
    ...args,
  ]);
  programs.push(program);
  const url = `https://127.0.0.1:${port}`;
  await until(`${command} to answer`, () => askSecured(`${url}/healthz`, { ca }), {
    log: () => program.stderr(),
  });
  return { program, port, url };
}

const tlsLines = `
tls_server_config:
  cert_file: now-cert.pem
  key_file: now-key.pem
`;

function job(name: string, of: Secured, settings: Readonly<Record<string, unknown>>): unknown {
  return {
    job_name: name,
    kind: "agent",
    scheme: "https",
    scrape_interval: "1s",
    scrape_timeout: "1s",
    static_configs: [{ targets: [`127.0.0.1:${of.port}`] }],
    tls_config: { ca_file: "now-ca.pem" },
    ...settings,
  };
}

function allJobs(): unknown[] {
  const user = (file: string): unknown => ({ username: "prometheus", password_file: file });
  const certified = { ca_file: "now-ca.pem", cert_file: client.cert, key_file: client.key };
  const foreign = { ...certified, cert_file: stranger.cert, key_file: stranger.key };
  return [
    // One agent is one job's; as a page of metrics it may be another's, too.
    job("basic", agent, { kind: "exposition", basic_auth: user("password") }),
    job("bearer", agent, { authorization: { credentials_file: "token" } }),
    job("certificate", strict, { tls_config: certified }),
    job("wrong-password", agent, { basic_auth: user("token") }),
    job("wrong-token", agent, { authorization: { credentials_file: "password-as-token" } }),
    job("nothing", agent, {}),
    job("no-certificate", strict, {}),
    job("foreign-certificate", strict, { tls_config: foreign }),
    job("unknown-authority", agent, { tls_config: { ca_file: stranger.ca } }),
  ];
}

async function targets(): Promise<readonly TargetAnswer[]> {
  const { body } = await askSecured(`${aggregator.url}/targets`, right);
  return (JSON.parse(body) as { targets: TargetAnswer[] }).targets;
}

async function stateOf(name: string): Promise<TargetAnswer | undefined> {
  return (await targets()).find((target) => target.job === name && target.state !== "unknown");
}

async function passes(): Promise<number> {
  const { body } = await askSecured(`${agent.url}/metrics`, right);
  return seriesValue(body, "plimsoll_agent_passes_total") ?? Number.NaN;
}

/** Every route of the document, with something in the place of what varies, and odd ones. */
async function routesOf({ url }: Secured, shown: Shown): Promise<[string, string][]> {
  const { body } = await askSecured(`${url}/openapi.json`, shown);
  const { paths } = JSON.parse(body) as { paths: Record<string, Record<string, unknown>> };
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): [string, string] => [
      method.toUpperCase(),
      path.replaceAll(/\{[^}]+\}/gu, "x"),
    ]),
  );
  const odd = ["/", "/docs", "/docs/static/index.html", "/openapi.json", "/nothing", "/%", "//"];
  return [...documented, ...odd.map((path): [string, string] => ["GET", path])];
}

const HEALTH = ["/healthz", "/-/healthy", "/-/ready"];

describeWith(["openssl", "prometheus"], "a web-config file", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plimsoll-web-config-"));
    for (const name of ["first", "second"]) await mkdir(inFolder(name));
    ({ server, client } = await makeCertificates(inFolder("first")));
    ({ client: stranger } = await makeCertificates(inFolder("second")));
    ca = await readFile(server.ca, "utf8");
    await copyFile(server.ca, inFolder("now-ca.pem"));
    await copyFile(server.cert, inFolder("now-cert.pem"));
    await copyFile(server.key, inFolder("now-key.pem"));
    await writeFile(inFolder("token"), `${TOKEN}\n`);
    await writeFile(inFolder("password"), `${PASSWORD}\n`);
    await writeFile(inFolder("password-as-token"), `no-token-of-anybody\n`);
    right = { ca, authorization: `Bearer ${TOKEN}` };
    const everything = `${tlsLines}\nbasic_auth_users: {prometheus: "${HASH}"}\nbearer_token_files: [token]\n`;
    const mutual = `${tlsLines}  client_ca_file: ${client.ca}
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: ["spiffe://test/client"]
`;
    agent = await secured("agent", everything, NO_ENGINE, NO_CRI, "--node=open-to-few");
    strict = await secured("agent", mutual, NO_ENGINE, NO_CRI, "--node=strict");
    const config = inFolder("aggregator.yml");
    await writeFile(config, JSON.stringify({ scrape_configs: allJobs() }));
    const history = ["--history-kind=none", "--events-dir="];
    aggregator = await secured("aggregator", everything, `--config=${config}`, ...history);
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  afterAll(async () => {
    for (const program of programs) await program.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("keeps every route of both programs shut to whoever has not the right credentials", async () => {
    const certificate = {
      ca,
      cert: await readFile(client.cert, "utf8"),
      key: await readFile(client.key, "utf8"),
    };
    const foreign = {
      ca,
      cert: await readFile(stranger.cert, "utf8"),
      key: await readFile(stranger.key, "utf8"),
    };
    const table: [Secured, Shown, [Shown, number[]][]][] = [
      [agent, right, wrong()],
      [aggregator, right, wrong()],
      [
        strict,
        certificate,
        [
          [{ ca }, [403]],
          [foreign, [403]],
          [right, [403]],
        ],
      ],
    ];
    for (const [of, shown, others] of table) {
      const routes = await routesOf(of, shown);
      expect(routes.length).toBeGreaterThan(15);
      for (const [method, path] of routes) {
        for (const [bad, statuses] of others) {
          const told = await askSecured(`${of.url}${path}`, { ...bad, method });
          const isOpen = HEALTH.includes(path);
          const label = `${method} ${of.url}${path}`;
          if (isOpen) expect([label, [200, 503].includes(told.status)]).toEqual([label, true]);
          else expect([label, statuses.includes(told.status)]).toEqual([label, true]);
          expect(told.body).not.toMatch(/open-to-few|cgroup/u);
        }
      }
      expect((await askSecured(`${of.url}/metrics`, shown)).status).toBe(200);
    }
    // A user who has not been here before must try as often as anybody from his address may.
    for (const { url } of [agent, aggregator]) {
      await until("the user to get in", async () => {
        const shown = { ca, authorization: basic("prometheus", PASSWORD) };
        return (await askSecured(`${url}/metrics`, shown)).status === 200;
      });
    }
  });

  /** Without credentials it is always 401; whoever fails often is told to wait. */
  function wrong(): [Shown, number[]][] {
    return [
      [{ ca }, [401]],
      [{ ca, authorization: basic("prometheus", "x") }, [401, 429]],
      [{ ca, authorization: `Bearer ${TOKEN}x` }, [401, 429]],
    ];
  }

  test("is not got round by how a request is written", async () => {
    const lines = [
      "GET /healthz/../metrics HTTP/1.1",
      "GET /metrics/../healthz HTTP/1.1",
      "GET /healthz/..%2fmetrics HTTP/1.1",
      "GET /%2e%2e/metrics HTTP/1.1",
      String.raw`GET /healthz\..\metrics HTTP/1.1`,
      "GET https://127.0.0.1/metrics HTTP/1.1",
      "GET /healthz/%00/metrics HTTP/1.1",
      "GET /metrics#/healthz HTTP/1.1",
      "HEAD /metrics HTTP/1.1",
      "TRACE /metrics HTTP/1.1",
      "PUT /healthz HTTP/1.1",
      "OPTIONS * HTTP/1.1",
      "CONNECT 127.0.0.1:1 HTTP/1.1",
      "GET /metrics HTTP/1.0",
      "GET /metrics\r\nX: y HTTP/1.1",
      "GET /metrics HTTP/1.1\r\nX-Original-URL: /healthz\r\nX-Forwarded-For: 127.0.0.1",
      "GET /metrics HTTP/1.1\r\nAuthorization: Basic x\r\nAuthorization: Bearer y",
      "POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3",
      "GET /metrics HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade",
      `GET /metrics HTTP/1.1\r\nX: ${"y".repeat(20_000)}`,
    ];
    for (const line of lines) {
      const text = `${line}\r\nHost: x\r\nConnection: close\r\n\r\n`;
      const answer = await talkSecured(agent.port, ca, text);
      expect([line, answer]).toEqual([line, expect.stringMatching(/^(?:HTTP\/1\.1 4\d\d |$)/u)]);
      expect(answer).not.toMatch(/plimsoll_agent|container_|open-to-few/u);
    }
  });

  test("takes the aggregator to its agents with their job's credentials, and errors name the setting", async () => {
    for (const name of ["basic", "bearer", "certificate"]) {
      await until(`${name} to be up`, async () => (await stateOf(name))?.state === "up", {
        log: () => aggregator.program.stderr(),
      });
    }
    const errors: [string, RegExp][] = [
      ["wrong-password", /status (?:401|429): .*set basic_auth|see basic_auth/u],
      ["wrong-token", /status (?:401|429): .*basic_auth or authorization/u],
      ["nothing", /status 401: .*set basic_auth or authorization/u],
      ["no-certificate", /status 403: .*set tls_config\.cert_file and key_file/u],
      ["foreign-certificate", /status 403: .*tls_config\.cert_file/u],
      ["unknown-authority", /tls_config\.ca_file/u],
    ];
    for (const [name, error] of errors) {
      const target = await until(`${name} to be down`, () => stateOf(name));
      expect([name, target.state, target.error?.message]).toEqual([
        name,
        "down",
        expect.stringMatching(error),
      ]);
    }
    // Both agents' events come by the same credentials.
    await until("the events of both", async () => {
      const { body } = await askSecured(`${aggregator.url}/events?stream=0`, right);
      return body.includes('"open-to-few"') && body.includes('"strict"');
    });
    expect(aggregator.program.stderr()).not.toContain("cannot follow an agent's events");
  });

  test("lets Prometheus in, and is one that promtool takes", async () => {
    const scrape = {
      job_name: "agent",
      scheme: "https",
      tls_config: { ca_file: inFolder("now-ca.pem") },
      static_configs: [{ targets: [`127.0.0.1:${agent.port}`] }],
      basic_auth: { username: "prometheus", password: PASSWORD },
    };
    const config = JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: [scrape] });
    const prometheus = await startPrometheus({ config });
    try {
      const rows = await prometheus.queryUntilFound("plimsoll_build_info");
      expect(rows).toHaveLength(1);
      expect((await prometheus.targets())[0]).toMatchObject({ health: "up", lastError: "" });
    } finally {
      await prometheus.close();
    }
    const page = await readFile(join(import.meta.dirname, "../../docs/security.md"), "utf8");
    const [, example = ""] = /```yaml\n# web\.yml\n(?<text>[\s\S]*?)```/u.exec(page) ?? [];
    expect(example).toContain("basic_auth_users:");
    for (const [name, from] of [
      ["server.crt", server.cert],
      ["server.key", server.key],
      ["clients-ca.crt", client.ca],
    ] as const) {
      await copyFile(from, inFolder(name));
    }
    await writeFile(inFolder("example.yml"), example);
    const promtool = commandPath("promtool");
    await runToEnd(promtool, ["check", "web-config", inFolder("example.yml")]);
    const checked = await startProgram([
      "agent",
      `--web-config-file=${inFolder("example.yml")}`,
      "--check-config",
    ]);
    programs.push(checked);
    await checked.printed(/The configuration is good/u);
  });

  test("opens commands by a token or a password from a file", async () => {
    const login = [`--ca-file=${inFolder("now-ca.pem")}`, `--token-file=${inFolder("token")}`];
    const doctor = await startProgram(["doctor", `--url=${agent.url}`, "--format=json", ...login]);
    programs.push(doctor);
    await doctor.printed(/"node": "open-to-few"/u);
    const user = ["--username=prometheus", `--password-file=${inFolder("password")}`];
    const past = ["--since=1h", `--until=${new Date().toISOString()}`];
    const events = await startProgram([
      "events",
      `--url=${aggregator.url}`,
      `--ca-file=${inFolder("now-ca.pem")}`,
      ...user,
      ...past,
      "--format=json",
    ]);
    programs.push(events);
    expect(await events.ended()).toBe(0);
    const refused = await startProgram(["events", `--url=${aggregator.url}`, ...login.slice(0, 1)]);
    programs.push(refused);
    expect(await refused.ended()).not.toBe(0);
    expect(refused.stderr()).toContain("answers 401");
    for (const program of programs) {
      expect(program.stderr() + program.stdout()).not.toMatch(
        new RegExp(`${PASSWORD}|${TOKEN}`, "u"),
      );
    }
  });

  test("keeps an agent at its work that is asked by those who mean no good", async () => {
    const start = await passes();
    for (let number = 0; number < 100; number++) {
      // Half of them say nothing at all, not even TLS.
      const isPlain = number % 2 === 0;
      const socket = isPlain ? connect(agent.port, "127.0.0.1") : await openSecured(agent.port, ca);
      // Unread, the end of a connection would not be noticed.
      socket.on("error", () => undefined).resume();
      sockets.push(socket);
      if (!isPlain) socket.write("GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    }
    const logins = Array.from({ length: 40 }, (_, number) =>
      askSecured(`${agent.url}/metrics`, { ca, authorization: basic("prometheus", `${number}`) }),
    );
    const told = await Promise.all(logins);
    expect(told.filter(({ status }: Told) => ![401, 429, 503].includes(status))).toEqual([]);
    expect(told.some(({ status }: Told) => status === 429)).toBe(true);
    await until("five more passes", async () => (await passes()) >= start + 5);
    const { body } = await askSecured(`${agent.url}/metrics`, right);
    expect(
      seriesValue(body, "plimsoll_http_refused_requests_total", ['reason="limited"']),
    ).toBeGreaterThan(0);
    await until("the slow to be cut off", () => sockets.every(({ closed }) => closed), {
      timeoutMs: 40_000,
    });
    expect(agent.program.stderr()).not.toMatch(/ (?:error|fatal) /u);
  });

  test("takes up other certificates while it runs, and the aggregator goes on", async () => {
    const { server: next } = await makeCertificates(inFolder("second"));
    const nextCa = await readFile(next.ca, "utf8");
    await copyFile(next.ca, inFolder("now-ca.pem"));
    await copyFile(next.cert, inFolder("now-cert.pem"));
    await copyFile(next.key, inFolder("now-key.pem"));
    const shown = { ...right, ca: nextCa };
    await until("the new certificate", async () => {
      return (await askSecured(`${agent.url}/metrics`, shown)).status === 200;
    });
    await expect(askSecured(`${agent.url}/healthz`, { ca })).rejects.toThrow();
    await until("the aggregator's", () => askSecured(`${aggregator.url}/healthz`, { ca: nextCa }));
    right = shown;
    ca = nextCa;
    await until("bearer to be up", async () => (await stateOf("bearer"))?.state === "up");
    await writeFile(inFolder("token"), "another-token-that-is-good\n");
    await until("the old token to be refused", async () => {
      return (await askSecured(`${agent.url}/metrics`, shown)).status !== 200;
    });
    right = { ca, authorization: "Bearer another-token-that-is-good" };
    expect((await askSecured(`${agent.url}/metrics`, right)).status).toBe(200);
  });

  test("of an agent does not keep out the aggregator of the same process", async () => {
    const [agentPort, port] = [await freePort(), await freePort()];
    const up = await startProgram([
      "up",
      `--agent-listen=127.0.0.1:${agentPort}`,
      `--aggregator-listen=127.0.0.1:${port}`,
      `--agent-web-config-file=${inFolder("web-1.yml")}`,
      "--agent-docker-host=/nowhere.sock",
      "--agent-cri-endpoint=none",
      "--aggregator-history-kind=none",
    ]);
    programs.push(up);
    await up.printed(/Plimsoll is up\. Page: (\S+)/u);
    await until("its agent to be up", async () => {
      const response = await fetch(`http://127.0.0.1:${port}/targets`, {
        headers: { accept: "application/json" },
      });
      const { targets: all } = (await response.json()) as { targets: TargetAnswer[] };
      return all.length === 1 && all[0]?.state === "up";
    });
    const told = await askSecured(`https://127.0.0.1:${agentPort}/metrics`, { ca });
    expect(told.status).toBe(403);
  });
});
