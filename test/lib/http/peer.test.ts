import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import type { RequestListener, Server } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { messageOf } from "../../../lib/errors.ts";
import { readText } from "../../../lib/http/client.ts";
import type { PeerSettings } from "../../../lib/http/peer-settings.ts";
import { openPeer, type Peer } from "../../../lib/http/peer.ts";
import { testCertificate } from "./test-certificate.ts";

const options = { timeoutMs: 5000, maxBytes: 1000 };

let folder: string;
let servers: Server[];
let peers: Peer[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plimsoll-peer-"));
  servers = [];
  peers = [];
});
afterEach(async () => {
  for (const peer of peers) peer.close();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  await rm(folder, { recursive: true });
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function serve(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(http.createServer(listener))}`;
}

async function serveSecure(more: https.ServerOptions = {}): Promise<{ url: string; ca: string }> {
  const { key, cert } = testCertificate();
  const server = https.createServer({ key, cert, ...more }, (_, response) => response.end("hello"));
  return { url: `https://127.0.0.1:${await listen(server)}`, ca: cert };
}

function peerOf(settings: Partial<PeerSettings>): Peer {
  const peer = openPeer({ followRedirects: true, ...settings });
  peers.push(peer);
  return peer;
}

async function get(peer: Peer, url: string): Promise<string> {
  return readText(await peer.request(url, options));
}

async function failure(peer: Peer, url: string): Promise<string> {
  return get(peer, url).then(
    () => "none",
    (error: unknown) => messageOf(error),
  );
}

const echo: RequestListener = (request, response) => {
  response.end(request.headers.authorization ?? "nothing");
};

describe("credentials", () => {
  test("are sent as they are set", async () => {
    const url = await serve(echo);
    const basic = { username: { value: "a" }, password: { value: "b" } };
    expect(await get(peerOf({ basicAuth: basic }), url)).toBe("Basic YTpi");
    const credentials = { value: "secret" };
    expect(await get(peerOf({ authorization: { type: "Bearer", credentials } }), url)).toBe(
      "Bearer secret",
    );
  });

  test("of a file are read again once it has changed", async () => {
    const url = await serve(echo);
    const file = join(folder, "token");
    await writeFile(file, "one\n");
    const peer = peerOf({ authorization: { type: "Bearer", credentials: { file } } });
    expect(await get(peer, url)).toBe("Bearer one");
    await writeFile(file, "two, and longer\n");
    await expect.poll(() => get(peer, url), { timeout: 8000 }).toBe("Bearer two, and longer");
  });

  test("go along with a redirect to the same place, and to no other", async () => {
    const other = await serve(echo);
    const url = await serve((request, response) => {
      if (request.url === "/here") echo(request, response);
      else {
        const location = request.url === "/away" ? other : "/here";
        response.writeHead(302, { location }).end();
      }
    });
    const peer = peerOf({ authorization: { type: "Bearer", credentials: { value: "x" } } });
    expect(await get(peer, `${url}/start`)).toBe("Bearer x");
    expect(await get(peer, `${url}/away`)).toBe("nothing");
    const { status } = await peerOf({ followRedirects: false }).request(`${url}/start`, options);
    expect(status).toBe(302);
  });

  test("are not in what goes wrong", async () => {
    const peer = peerOf({ basicAuth: { username: { value: "u" }, password: { value: "hidden" } } });
    expect(await failure(peer, "http://127.0.0.1:1/")).not.toContain("hidden");
  });
});

test("redirects in a circle end", async () => {
  const url = await serve((_, response) => response.writeHead(302, { location: "/" }).end());
  expect(await failure(peerOf({}), url)).toContain("cannot follow more than 10 redirects");
});

describe("TLS", () => {
  test("takes the authority that is set, and says which setting is missing", async () => {
    const { url, ca } = await serveSecure();
    expect(await failure(peerOf({}), url)).toMatch(/set tls_config\.ca_file/);
    const caFile = join(folder, "ca.pem");
    await writeFile(caFile, ca);
    expect(await get(peerOf({ tls: { caFile, insecureSkipVerify: false } }), url)).toBe("hello");
    const wrongName = { caFile, serverName: "elsewhere", insecureSkipVerify: false };
    expect(await failure(peerOf({ tls: wrongName }), url)).toMatch(/set tls_config\.server_name/);
    expect(await get(peerOf({ tls: { insecureSkipVerify: true } }), url)).toBe("hello");
  });

  test("takes another authority once the file has changed", async () => {
    const { url, ca } = await serveSecure();
    const caFile = join(folder, "ca.pem");
    await writeFile(caFile, testCertificate().cert);
    const peer = peerOf({ tls: { caFile, insecureSkipVerify: false } });
    expect(await failure(peer, url)).toMatch(/tls_config\.ca_file/);
    await writeFile(caFile, `${ca}\n\n`);
    await expect.poll(() => failure(peer, url), { timeout: 8000 }).toBe("none");
  });

  test("shows a certificate of its own to who wants one", async () => {
    const client = testCertificate();
    const { url, ca } = await serveSecure({ ca: client.cert, requestCert: true });
    const paths = ["ca.pem", "cert.pem", "key.pem"].map((name) => join(folder, name));
    const [caFile = "", certFile = "", keyFile = ""] = paths;
    await writeFile(caFile, ca);
    await writeFile(certFile, client.cert);
    await writeFile(keyFile, client.key);
    expect(await failure(peerOf({ tls: { caFile, insecureSkipVerify: false } }), url)).not.toBe(
      "none",
    );
    const tls = { caFile, certFile, keyFile, insecureSkipVerify: false };
    expect(await get(peerOf({ tls }), url)).toBe("hello");
  });

  test("is not spoken below the least version", async () => {
    const { url } = await serveSecure({ maxVersion: "TLSv1.2" });
    const tls = { insecureSkipVerify: true, minVersion: "TLSv1.3" } as const;
    expect(await failure(peerOf({ tls }), url)).toMatch(/see tls_config\.min_version/);
  });
});
