import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { dockerEndpoint, type DockerSettings } from "../../agent/runtimes/docker/docker-address.ts";
import { createDocker } from "../../agent/runtimes/docker/docker.ts";
import type { Runtime } from "../../agent/runtimes/runtime.ts";
import { knownOf } from "../known-containers.ts";
import { logLines } from "../lib/http/log-lines.ts";
import { type CertificateFiles, makeCertificates } from "../testbed/certificates.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { until } from "../testbed/wait.ts";
import { startAgent } from "./start-agent.ts";

const NOTHING = { host: undefined, tls: false, ca: undefined, cert: undefined, key: undefined };

describeWith(["docker", "openssl"], "Docker over TLS", () => {
  let folder: string;
  let engine: Engine;
  let port: number;
  let client: CertificateFiles;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plimsoll-tls-"));
    const { server, client: made } = await makeCertificates(folder);
    client = made;
    port = await freePort();
    const args = [
      `--host=tcp://127.0.0.1:${port}`,
      "--tlsverify",
      `--tlscacert=${server.ca}`,
      `--tlscert=${server.cert}`,
      `--tlskey=${server.key}`,
    ];
    engine = await startDocker({ args });
    await engine.run({ name: "behind-tls", cmd: ["sleep", "1000"] });
  });

  afterAll(async () => {
    await engine?.close();
    await rm(folder, { recursive: true, force: true });
  });

  function open(
    settings: Partial<DockerSettings>,
    env: Record<string, string> = {},
  ): { runtime: Runtime; lines: string[] } {
    const { logger, lines } = logLines();
    const endpoint = dockerEndpoint({ ...NOTHING, ...settings }, env);
    return { runtime: createDocker({ endpoint, envPrefixes: [] }, logger), lines };
  }

  /** What the log says once the engine cannot be followed. */
  async function complaint(settings: Partial<DockerSettings>): Promise<string> {
    const { runtime, lines } = open(settings);
    knownOf(runtime);
    try {
      await until("the failure", () => runtime.health === "failing");
    } finally {
      await runtime.close();
    }
    return lines.join("\n");
  }

  const host = (): string => `tcp://127.0.0.1:${port}`;

  test("is followed with the three files", async () => {
    const { runtime } = open({ host: host(), tls: true, ...client });
    const known = knownOf(runtime);
    await until("the container", () => known.containers.size === 1);
    await runtime.close();
  });

  test("is followed as Docker's own client is told to", async () => {
    const certificates = join(folder, "of-client");
    await mkdir(certificates);
    for (const name of ["ca", "cert", "key"] as const) {
      await copyFile(client[name], join(certificates, `${name}.pem`));
    }
    const { runtime } = open(
      {},
      { DOCKER_HOST: host(), DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certificates },
    );
    const known = knownOf(runtime);
    await until("the container", () => known.containers.size === 1);
    await runtime.close();
  });

  test("is followed by an agent with cAdvisor's flags", async () => {
    const { program } = await startAgent(
      `--docker=${host()}`,
      "--docker-tls",
      `--docker-tls-ca=${client.ca}`,
      `--docker-tls-cert=${client.cert}`,
      `--docker-tls-key=${client.key}`,
    );
    try {
      await program.printed(/container engine connected/);
    } finally {
      await program.close();
    }
  });

  test("names the setting when the engine's certificate is not trusted", async () => {
    const { cert, key } = client;
    expect(await complaint({ host: host(), tls: true, cert, key })).toContain("docker.tls.ca: ");
  });

  test("names the setting when the engine wants a certificate", async () => {
    const { ca } = client;
    expect(await complaint({ host: host(), tls: true, ca })).toContain("docker.tls.cert: ");
  });

  test("names the setting when the engine wants TLS", async () => {
    expect(await complaint({ host: host() })).toContain("docker.tls: ");
  });

  test("refuses at once files that are none", async () => {
    const broken = join(folder, "broken.pem");
    await writeFile(broken, "no certificate\n");
    const refused = (settings: Partial<DockerSettings>): (() => unknown) => {
      return () => dockerEndpoint({ ...NOTHING, host: host(), tls: true, ...settings }, {});
    };
    expect(refused({ ca: join(folder, "missing.pem") })).toThrow(/docker\.tls\.ca.*ENOENT/);
    expect(refused({ ca: broken })).toThrow(/docker\.tls\.ca.*must be a certificate in PEM/);
    expect(refused({ ...client, cert: broken })).toThrow(
      /docker\.tls\.cert.*must be a certificate/,
    );
    expect(refused({ ...client, key: client.cert })).toThrow(/docker\.tls\.key.*private key/);
    const other = join(folder, "ca-key.pem");
    expect(refused({ ...client, key: other })).toThrow(/docker\.tls\.key.*key of the certificate/);
    expect(refused({ cert: client.cert })).toThrow(/docker\.tls\.cert.*both/);
  });
});
